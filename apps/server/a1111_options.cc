#include "a1111_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "a1111_api.h"
#include "a1111_neutral.h"
#include "a1111_request.h"
#include "latentdial/error.h"

namespace latentdial::server {
namespace {

constexpr int kMostPreviewSteps = 32;
constexpr std::size_t kMostChoices = 4096;
constexpr const char* kModel = "sd_model_checkpoint";
constexpr const char* kVae = "sd_vae";
constexpr const char* kClipSkip = "CLIP_stop_at_last_layers";
const Settings kPlain;

bool is_live_option(const std::string& key) {
  return key == "live_previews_enable" || key == "show_progress_every_n_steps";
}

/// Sets the options of live previews, where `wanted` has them.
void set_live_previews(LivePreviews& live, const Json& wanted) {
  const bool enable =
      read_flag("live_previews_enable", wanted.value("live_previews_enable", Json(live.enabled.load())));
  const int every = read_whole("show_progress_every_n_steps",
                               wanted.value("show_progress_every_n_steps", Json(live.every_n_steps.load())),
                               -1, kMostPreviewSteps);
  live.enabled = enable;
  live.every_n_steps = every;
}

/// One that is named, and fits.
ModelPtr find_by_word(const A1111& context, const std::string& key, const Json& word) {
  const ModelPtr model = find_model(context, key, word);
  in_words_of(a1111_name, [&] { context.loaded.require_room(*model); });
  return model;
}

/// 0 asks for the model's own, as 1 does.
int read_clip_skip(const std::string& key, const Json& value) {
  int most = 0;
  visit_settings(kPlain, [&](const Option& option, const auto&) {
    if (option.name == std::string_view("clip_skip")) most = static_cast<int>(option.max);
  });
  return std::max(1, read_whole(key, as_number("clip_skip", value), 0, most));
}

bool is_said(const Json& value) {
  return !value.is_null() && value != "";
}

/// What is chosen where options say `wanted` to who has chosen `before`. `prefix` stands before their names
/// in messages.
Choice read_choice(const A1111& context, const Choice& before, const Json& wanted,
                   const std::string& prefix = "") {
  Choice choice = before;
  const Json model = wanted.value(kModel, Json()), vae = wanted.value(kVae, Json()),
             clip_skip = wanted.value(kClipSkip, Json());
  if (is_said(model) && !is_option(a1111_options(context, before), kModel, model))
    choice.model = find_by_word(context, prefix + kModel, model);
  if (is_said(vae)) choice.vae = context.vaes.find(prefix + kVae, vae);
  if (is_said(clip_skip)) choice.clip_skip = read_clip_skip(prefix + kClipSkip, clip_skip);
  return choice;
}

/// The chosen model with the chosen VAE.
ModelPtr model_of(const A1111& context, const Choice& choice, const std::string& prefix = "") {
  const ModelPtr model = context.vaes.with(choice.model, prefix + kVae, choice.vae);
  in_words_of(a1111_name, [&] { context.loaded.require_room(*model); });
  return model;
}

/// A Choice and live previews can be set, others to what they are: clients send all of them back, with
/// another model and what was said of the one before.
HttpResponse set_options(const A1111& context, HttpRequest& request) {
  const Client client = client_of(context, request);
  const Json wanted = request.body.empty() ? Json::object() : read_body(request).json;
  const Choice before = context.choices->of(client, context.models);
  const Choice after = read_choice(context, before, wanted);
  const Json now = a1111_options(context, before), then = a1111_options(context, after);
  for (const auto& [key, value] : wanted.items()) {
    if (is_chosen_option(key) || is_live_option(key) || is_option(now, key, value) ||
        is_option(then, key, value) || is_neutral_option(key, value))
      continue;
    throw invalid_input(
        key, fmt::format("cannot be set to {}; {}", quoted(value),
                         now.contains(key) ? "it stays " + now[key].dump() : "there is no such option"));
  }
  (void)model_of(context, after);
  set_live_previews(*context.live, wanted);
  context.choices->keep(client, after);
  return reply(Json());
}

}  // namespace

WantsPreview LivePreviews::preview_when_asked() const {
  return [live = shared_from_this(), last = 0](const StepProgress& now, bool asked) mutable {
    if (now.step < last) last = 0;  // The job's next batch.
    const int every = live->every_n_steps;
    if (!live->enabled || every < 0 || now.step - last < every || !asked) return false;
    last = now.step;
    return true;
  };
}

void Choices::keep(const Client& client, const Choice& choice) {
  const std::scoped_lock lock(mutex_);
  if (!chosen_.contains(client.name)) order_.push_back(client.name);
  chosen_[client.name] = choice;
  if (order_.size() <= kMostChoices) return;
  chosen_.erase(order_.front());
  order_.pop_front();
}

Choice Choices::of(const Client& client, const ModelList& models) const {
  const std::scoped_lock lock(mutex_);
  const auto found = chosen_.find(client.name);
  if (found == chosen_.end()) return {models.main()};
  Choice choice = found->second;
  if (const ModelPtr now = models.find(choice.model->name())) choice.model = now;
  return choice;
}

Json a1111_options(const A1111& context, const Choice& choice) {
  const ServedModel& model = *choice.model;
  const std::string decoder = model.info.decoder.empty() ? "Full" : model.info.decoder;
  return {{kModel, model.title()},
          {"sd_checkpoint_hash", model.info.hash},
          {kVae, choice.vae},
          {"samples_format", "png"},
          {"samples_save", false},
          {"enable_pnginfo", true},
          {"randn_source", "CPU"},
          {"eta_noise_seed_delta", 0},
          {kClipSkip, choice.clip_skip},
          {"sd_vae_decode_method", decoder},
          {"live_previews_enable", context.live->enabled.load()},
          {"show_progress_every_n_steps", context.live->every_n_steps.load()},
          {"show_progress_type", decoder},
          {"live_previews_image_format", "png"}};
}

Asked read_asked(const A1111& context, const Client& client, const Json& body) {
  const std::string prefix = "override_settings.";
  const Json overrides = body.value("override_settings", Json());
  const Json restores = body.value("override_settings_restore_afterwards", Json());
  Choice choice = context.choices->of(client, context.models);
  if (overrides.is_object()) choice = read_choice(context, choice, overrides, prefix);
  const bool names_vae = overrides.is_object() && is_said(overrides.value(kVae, Json()));
  Asked asked = {choice, model_of(context, choice, names_vae ? prefix : "")};
  asked.stays = !restores.is_null() && !read_flag("override_settings_restore_afterwards", restores);
  return asked;
}

void add_a1111_options(Router& router, const A1111& context) {
  const auto add = [](Handler handler) { return guarded(std::move(handler), a1111_error_body, 422); };
  const auto chosen = [context](const HttpRequest& request) {
    return context.choices->of(client_of(context, request), context.models);
  };
  router.get("/sdapi/v1/options", add([context, chosen](const HttpRequest& request) {
               return reply(a1111_options(context, chosen(request)));
             }));
  router.post("/sdapi/v1/options",
              add([context](HttpRequest& request) { return set_options(context, request); }));
  router.post("/sdapi/v1/refresh-checkpoints", add([context](const HttpRequest&) {
                context.models.refresh();
                return reply(Json());
              }));
  router.post("/sdapi/v1/unload-checkpoint", add([context, chosen](const HttpRequest& request) {
                context.loaded.unload(model_of(context, chosen(request)));
                return reply(Json());
              }));
  // A model is loaded when a job needs it; VAEs and LoRAs are looked for when somebody names one.
  for (const char* path : {"reload-checkpoint", "refresh-vae", "refresh-loras"})
    router.post(std::string("/sdapi/v1/") + path, [](const HttpRequest&) { return reply(Json()); });
}

}  // namespace latentdial::server
