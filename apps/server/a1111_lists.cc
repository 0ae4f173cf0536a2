#include "a1111_lists.h"

#include <string>
#include <utility>

#include "a1111_api.h"
#include "a1111_hires.h"
#include "describe_model.h"
#include "latentdial/parameters.h"

namespace latentdial::server {
namespace {

Json list_samplers() {
  Json list = Json::array();
  for (const auto& [ours, theirs] : a1111_samplers())
    list.push_back({{"name", theirs}, {"aliases", {ours}}, {"options", Json::object()}});
  return list;
}

Json list_schedulers() {
  Json list = Json::array({{{"name", "automatic"},
                            {"label", "Automatic"},
                            {"aliases", nullptr},
                            {"default_rho", -1},
                            {"need_inner_model", false}}});
  for (const auto& [ours, theirs] : a1111_schedulers())
    list.push_back({{"name", ours},
                    {"label", theirs},
                    {"aliases", nullptr},
                    {"default_rho", ours == "karras" ? 7 : -1},
                    {"need_inner_model", false}});
  return list;
}

/// With the file's name alone where A1111 has its path.
Json list_models(const ModelList& models) {
  Json list = Json::array();
  for (const ModelPtr& model : models.all())
    list.push_back({{"title", model->title()},
                    {"model_name", model->name()},
                    {"hash", model->info.hash},
                    {"sha256", nullptr},
                    {"filename", model->file},
                    {"config", nullptr}});
  return list;
}

/// The same of VAEs.
Json list_vaes(const VaeList& vaes) {
  Json list = Json::array();
  for (const std::string& name : vaes.names()) list.push_back({{"model_name", name}, {"filename", name}});
  return list;
}

/// The same of LoRAs.
Json list_loras(const std::string& folder) {
  Json list = Json::array();
  if (folder.empty()) return list;
  for (const std::string& file : list_lora_files(folder))
    list.push_back({{"name", without_ending(file)},
                    {"alias", without_ending(file)},
                    {"path", file},
                    {"metadata", Json::object()}});
  return list;
}

Json list_embeddings(const ModelInfo& model) {
  Json loaded = Json::object();
  for (const LearntWord& word : model.embeddings)
    loaded[word.word] = {{"step", nullptr},
                         {"sd_checkpoint", nullptr},
                         {"sd_checkpoint_name", nullptr},
                         {"shape", word.width},
                         {"vectors", word.vectors}};
  return {{"loaded", loaded}, {"skipped", Json::object()}};
}

}  // namespace

void add_a1111_lists(Router& router, const A1111& context) {
  const auto now = [&router](const char* name, Handler handler) {
    router.get(std::string("/sdapi/v1/") + name, guarded(std::move(handler), a1111_error_body, 422));
  };
  const auto always = [&router](const char* name, const Json& body) {
    router.get(std::string("/sdapi/v1/") + name, [body](const HttpRequest&) { return reply(body); });
  };
  now("sd-models", [context](const HttpRequest&) { return reply(list_models(context.models)); });
  now("sd-vae", [context](const HttpRequest&) { return reply(list_vaes(context.vaes)); });
  now("loras",
      [context](const HttpRequest&) { return reply(list_loras(context.models.main()->options.lora_dir)); });
  now("embeddings", [context](const HttpRequest& request) {
    return reply(
        list_embeddings(context.choices->of(client_of(context, request), context.models).model->info));
  });
  always("samplers", list_samplers());
  always("schedulers", list_schedulers());
  always("scripts", {{"txt2img", Json::array()}, {"img2img", Json::array()}});
  always("latent-upscale-modes", Json::array({{{"name", kLatentMode}}}));
  always("cmd-flags", {{"api", true}, {"use_cpu", {"all"}}});
  for (const char* name : {"sd-modules", "hypernetworks", "face-restorers", "realesrgan-models",
                           "prompt-styles", "script-info", "extensions", "artist-categories", "artists"})
    always(name, Json::array());
}

}  // namespace latentdial::server
