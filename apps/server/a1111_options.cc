#include "a1111_options.h"

#include <fmt/format.h>

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

/// Those of the model and of live previews can be set, others to what they are: clients send all of them
/// back, with another model and what was said of the one before.
HttpResponse set_options(const A1111& context, HttpRequest& request) {
  const Client client = client_of(context, request);
  const Json wanted = request.body.empty() ? Json::object() : read_body(request).json;
  const ModelPtr before = context.choices->of(client, context.models);
  const bool chooses =
      wanted.contains(kModel) && !is_option(a1111_options(context, *before), kModel, wanted[kModel]);
  const ModelPtr after = chooses ? find_by_word(context, kModel, wanted[kModel]) : before;
  const Json now = a1111_options(context, *before), then = a1111_options(context, *after);
  for (const auto& [key, value] : wanted.items()) {
    if (key == "live_previews_enable" || key == "show_progress_every_n_steps" || key == kModel) continue;
    if (!is_option(now, key, value) && !is_option(then, key, value))
      throw invalid_input(
          key, fmt::format("cannot be set to {}; {}", value.dump(),
                           now.contains(key) ? "it stays " + now[key].dump() : "there is no such option"));
  }
  set_live_previews(*context.live, wanted);
  if (chooses) context.choices->choose(client, after);
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

void ModelChoices::choose(const Client& client, const ModelPtr& model) {
  const std::scoped_lock lock(mutex_);
  if (!chosen_.contains(client.name)) order_.push_back(client.name);
  chosen_[client.name] = model;
  if (order_.size() <= kMostChoices) return;
  chosen_.erase(order_.front());
  order_.pop_front();
}

ModelPtr ModelChoices::of(const Client& client, const ModelList& models) const {
  const std::scoped_lock lock(mutex_);
  const auto found = chosen_.find(client.name);
  if (found == chosen_.end()) return models.main();
  const ModelPtr now = models.find(found->second->name());
  return now ? now : found->second;
}

Json a1111_options(const A1111& context, const ServedModel& model) {
  const std::string decoder = model.info.decoder.empty() ? "Full" : model.info.decoder;
  return {{kModel, model.title()},
          {"sd_checkpoint_hash", model.info.hash},
          {"sd_vae", "Automatic"},
          {"samples_format", "png"},
          {"samples_save", false},
          {"enable_pnginfo", true},
          {"randn_source", "CPU"},
          {"eta_noise_seed_delta", 0},
          {"CLIP_stop_at_last_layers", 1},
          {"sd_vae_decode_method", decoder},
          {"live_previews_enable", context.live->enabled.load()},
          {"show_progress_every_n_steps", context.live->every_n_steps.load()},
          {"show_progress_type", decoder},
          {"live_previews_image_format", "png"}};
}

AskedModel read_asked_model(const A1111& context, const Client& client, const Json& body) {
  const Json overrides = body.value("override_settings", Json());
  const Json word = overrides.is_object() ? overrides.value(kModel, Json()) : Json();
  const Json restores = body.value("override_settings_restore_afterwards", Json());
  const bool stays = !restores.is_null() && !read_flag("override_settings_restore_afterwards", restores);
  if (word.is_null() || word == "") return {context.choices->of(client, context.models)};
  return {find_by_word(context, fmt::format("override_settings.{}", kModel), word), stays};
}

void add_a1111_options(Router& router, const A1111& context) {
  const auto add = [](Handler handler) { return guarded(std::move(handler), a1111_error_body, 422); };
  const auto chosen = [context](const HttpRequest& request) {
    return context.choices->of(client_of(context, request), context.models);
  };
  router.get("/sdapi/v1/options", add([context, chosen](const HttpRequest& request) {
               return reply(a1111_options(context, *chosen(request)));
             }));
  router.post("/sdapi/v1/options",
              add([context](HttpRequest& request) { return set_options(context, request); }));
  router.post("/sdapi/v1/refresh-checkpoints", add([context](const HttpRequest&) {
                context.models.refresh();
                return reply(Json());
              }));
  router.post("/sdapi/v1/unload-checkpoint", add([context, chosen](const HttpRequest& request) {
                context.loaded.unload(chosen(request));
                return reply(Json());
              }));
  // A model is loaded when a job needs it; LoRAs are looked for when a prompt names one.
  for (const char* path : {"reload-checkpoint", "refresh-vae", "refresh-loras"})
    router.post(std::string("/sdapi/v1/") + path, [](const HttpRequest&) { return reply(Json()); });
}

}  // namespace latentdial::server
