#include "describe_model.h"

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

#include "latentdial/calibrate.h"
#include "latentdial/dial.h"
#include "latentdial/json.h"
#include "latentdial/parameters.h"

namespace latentdial::server {
namespace {

Json describe_settings(const ModelInfo& info) {
  Settings defaults;
  Json list = Json::array();
  const Json values = parse_json<Json>(to_json(defaults));
  visit_settings(defaults, [&](const Option& option, const auto&) {
    Json entry = {{"name", option.name},
                  {"help", with_names(option.help, {})},
                  {"label", option.label},
                  {"default", values[option.name]}};
    if (option.max > option.min) entry.update({{"min", option.min}, {"max", option.max}});
    list.push_back(std::move(entry));
  });
  for (Json& entry : list) {
    if (entry["name"] == "width") entry["default"] = info.width;
    if (entry["name"] == "height") entry["default"] = info.height;
    if (entry["name"] == "guidance_scale") entry["default"] = info.guidance_scale;
    if (entry["name"] == "sampler") entry["default"] = info.sampler;
    if (entry["name"] == "scheduler") entry["default"] = info.scheduler;
    if (entry["name"] == "upscale_by") entry["default"] = std::max(info.upscales_by, 2);
  }
  return list;
}

Json describe_methods() {
  Json list = Json::array();
  for (const MethodInfo& method : dial_methods())
    list.push_back({{"name", method.name},
                    {"summary", method.summary},
                    {"acts_on_part", method.acts_on_part},
                    {"window", method.window},
                    {"edits", method.edits},
                    {"angle", method.angle},
                    {"takes_dial", method.takes_dial},
                    {"peer", method.peer}});
  return list;
}

/// Those that a dial is there for.
std::vector<std::string> styles_of(const ModelInfo& info) {
  std::vector<std::string> styles = dial_styles(info.path);
  styles.insert(styles.end(), info.dials.begin(), info.dials.end());
  std::ranges::sort(styles);
  styles.erase(std::unique(styles.begin(), styles.end()), styles.end());  // clang 14 has no subrange.
  return styles;
}

Json names_of_loras(const std::string& folder) {
  Json names = Json::array();
  if (folder.empty()) return names;
  for (const std::string& file : list_lora_files(folder)) names.push_back(without_ending(file));
  return names;
}

}  // namespace

std::string without_ending(const std::string& file) {
  return std::filesystem::path(file).stem().string();
}

Json describe_model(const Context& context, const ServedModel& model) {
  const ModelInfo& info = model.info;
  Json methods = Json::array();
  for (const MethodInfo& method : dial_methods()) methods.push_back(method.name);
  Json samplers = Json::array(), schedulers = Json::array();
  for (const auto& [ours, theirs] : a1111_samplers()) samplers.push_back(ours);
  for (const auto& [ours, theirs] : a1111_schedulers()) schedulers.push_back(ours);
  Json upscalers = Json::array();
  for (const auto& upscaler : context.upscalers) upscalers.push_back(upscaler->name());
  Json models = Json::array();
  for (const ModelPtr& other : context.models.all()) models.push_back(other->name());
  return {{"name", info.name},
          {"models", std::move(models)},
          {"vaes", context.vaes.names()},
          {"vae", model.vae.empty() ? Json() : Json(model.vae)},
          {"loras", names_of_loras(model.options.lora_dir)},
          {"format", info.format},
          {"device", info.device},
          {"fingerprint", info.fingerprint},
          {"hash", info.hash},
          {"width", info.width},
          {"height", info.height},
          {"max_tokens", info.max_tokens},
          {"sampler", info.sampler},
          {"scheduler", info.scheduler},
          {"guidance_scale", info.guidance_scale},
          {"example", parse_json<Json>(info.example)},
          {"decoder", info.decoder.empty() ? "VAE" : info.decoder},
          {"styles", styles_of(info)},
          {"fit_pictures", most_pictures({})},
          {"methods", std::move(methods)},
          {"dial_methods", describe_methods()},
          {"samplers", std::move(samplers)},
          {"schedulers", std::move(schedulers)},
          {"upscalers", std::move(upscalers)},
          {"upscales_by", info.upscales_by},
          {"takes_reference", info.takes_reference},
          {"settings", describe_settings(info)}};
}

}  // namespace latentdial::server
