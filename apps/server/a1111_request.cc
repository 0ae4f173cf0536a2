#include "a1111_request.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "latentdial/error.h"
#include "latentdial/json.h"
#include "latentdial/parameters.h"

namespace latentdial::server {
namespace {

constexpr int kMostPictures = 64;

/// Our name of each setting that they have. Some are read in a way of their own.
const std::map<std::string_view, const char*> kRenamed = {
    {"prompt", "prompt"},         {"negative_prompt", "negative_prompt"},
    {"steps", "steps"},           {"cfg_scale", "guidance_scale"},
    {"width", "width"},           {"height", "height"},
    {"style", "style"},           {"dial", "position"},
    {"method", "method"},         {"invert", "invert"},
    {"mask_style", "style_mask"}, {"seed", "seed"},
    {"sampler_name", "sampler"},  {"scheduler", "scheduler"},
    {"init_images", "image"},     {"denoising_strength", "strength"}};

/// Taken where they ask for nothing: these values, null, an empty text, list or object.
const std::map<std::string_view, std::vector<Json>> kNeutral = {
    {"enable_hr", {false}},
    {"firstphase_width", {0}},
    {"firstphase_height", {0}},
    {"subseed_strength", {0}},
    {"seed_resize_from_h", {0, -1}},
    {"seed_resize_from_w", {0, -1}},
    {"restore_faces", {false}},
    {"tiling", {false}},
    {"styles", {}},
    {"eta", {0, 1}},
    {"s_churn", {0}},
    {"s_tmax", {0}},
    {"s_tmin", {0}},
    {"s_noise", {1}},
    {"s_min_uncond", {0}},
    {"script_name", {}},
    {"script_args", {}},
    {"refiner_checkpoint", {}},
    {"refiner_switch_at", {0, 1}},
    {"mask", {}},
    {"latent_mask", {}},
    {"initial_noise_multiplier", {1}},
    {"infotext", {}},
    {"firstpass_image", {}},
    {"save_images", {false}},
};

/// Without effect while the setting that they belong to is off.
const std::set<std::string_view> kSubordinate = {"hr_scale",
                                                 "hr_upscaler",
                                                 "hr_second_pass_steps",
                                                 "hr_resize_x",
                                                 "hr_resize_y",
                                                 "hr_checkpoint_name",
                                                 "hr_sampler_name",
                                                 "hr_scheduler",
                                                 "hr_prompt",
                                                 "hr_negative_prompt",
                                                 "hr_cfg",
                                                 "hr_additional_modules",
                                                 "subseed",
                                                 "do_not_save_samples",
                                                 "do_not_save_grid",
                                                 "override_settings_restore_afterwards",
                                                 "disable_extra_networks",
                                                 "include_init_images",
                                                 "force_task_id",
                                                 "comments",
                                                 "mask_blur",
                                                 "mask_blur_x",
                                                 "mask_blur_y",
                                                 "mask_round",
                                                 "inpainting_fill",
                                                 "inpaint_full_res",
                                                 "inpaint_full_res_padding",
                                                 "inpainting_mask_invert",
                                                 "image_cfg_scale"};

bool is_neutral(const std::vector<Json>& neutral, const Json& value) {
  const bool empty = value.is_null() || value == "" || (value.is_structured() && value.empty());
  return empty || std::find(neutral.begin(), neutral.end(), value) != neutral.end();
}

Error not_supported(std::string_view key, const Json& value) {
  std::string text = json_line(value);
  if (text.size() > 60) text = text.substr(0, 57) + "…";
  return invalid_input(key, fmt::format("{} is not supported; leave it out", text));
}

std::string find_name(const std::string& key, const Json& value, std::span<const NamePair> table) {
  if (!value.is_string()) throw invalid_input(key, fmt::format("a name is needed, not {}", value.dump()));
  const auto name = value.get<std::string>();
  std::vector<std::string_view> known;
  for (const auto& [ours, theirs] : table) {
    if (name == ours || name == theirs) return std::string(ours);
    known.push_back(theirs);
  }
  throw invalid_input(key, fmt::format("\"{}\" is unknown; use {}", name, fmt::join(known, ", ")));
}

void read_sampler(const std::string& key, const Json& value, Json& settings) {
  if (value.is_null() || value == "" || value == "Automatic") return;
  Json name = value;
  if (name.is_string() && take_karras(name.get_ref<std::string&>())) settings["scheduler"] = "karras";
  settings["sampler"] = find_name(key, name, a1111_samplers());
}

void read_scheduler(const Json& value, Json& settings) {
  if (value.is_null() || value == "" || value == "Automatic" || value == "automatic") return;
  settings["scheduler"] = find_name("scheduler", value, a1111_schedulers());
}

/// Scripts that always run are only taken when none of them does anything.
void check_scripts(const Json& scripts) {
  if (!scripts.is_object()) throw not_supported("alwayson_scripts", scripts);
  for (const auto& [name, script] : scripts.items()) {
    const Json arguments = script.is_object() ? script.value("args", Json::array()) : script;
    const bool off = arguments.empty() || (arguments.is_array() && arguments[0] == false);
    if (!off) throw not_supported("alwayson_scripts." + name, arguments);
  }
}

void check_overrides(const Json& overrides, const ModelInfo& model) {
  if (overrides.is_null()) return;
  if (!overrides.is_object()) throw not_supported("override_settings", overrides);
  for (const auto& [key, value] : overrides.items()) {
    if (key != "sd_model_checkpoint" || value != model.name)
      throw not_supported("override_settings." + key, value);
  }
}

int read_count(const Json& body, const char* key) {
  const Json value = body.value(key, Json(1));
  if (!value.is_number_integer() || value < 1 || value > kMostPictures)
    throw invalid_input(
        key, fmt::format("a whole number from 1 to {} is needed, not {}", kMostPictures, value.dump()));
  return value.get<int>();
}

/// What A1111 has no word for goes by ours: errors name it so.
bool is_own_setting(const std::string& key) {
  const ModelOptions engine;
  bool of_model = false;
  visit_model_options(engine, [&](const Option& option, const auto&) { of_model |= key == option.name; });
  return is_setting(key) && !of_model && a1111_name(key).empty();
}

/// −1, or nothing, asks for any seed.
Json read_seed(const Json& value) {
  return value.is_null() || value == -1 ? Json(random_seed()) : value;
}

/// The start picture and how far it is noised; of txt2img's denoising_strength only its second pass makes
/// use.
void read_start_image(const Json& body, Json& settings) {
  const Json images = body.value("init_images", Json::array());
  if (!images.is_array() || images.size() != 1 || images[0] == "" || images[0].is_null())
    throw invalid_input("init_images", "a list of one picture in base64 is needed");
  settings["image"] = images[0];
  if (body.contains("denoising_strength") && !body["denoising_strength"].is_null())
    settings["strength"] = body["denoising_strength"];
}

/// One key of the body that is not the pictures' number or the start picture.
void read_key(const std::string& key, const Json& value, const ModelInfo& model, Json& settings) {
  if (key == "seed") {
    settings["seed"] = read_seed(value);
  } else if (key == "sampler_name") {
    read_sampler(key, value, settings);
  } else if (key == "scheduler") {
    read_scheduler(value, settings);
  } else if (const auto renamed = kRenamed.find(key); renamed != kRenamed.end()) {
    if (!value.is_null()) settings[renamed->second] = value;
  } else if (key == "alwayson_scripts") {
    check_scripts(value);
  } else if (key == "override_settings") {
    check_overrides(value, model);
  } else if (const auto neutral = kNeutral.find(key); neutral != kNeutral.end()) {
    if (!is_neutral(neutral->second, value)) throw not_supported(key, value);
  } else if (is_own_setting(key)) {
    settings[key] = value;
  } else if (!kSubordinate.contains(key)) {
    throw invalid_input(key, "no such setting");
  }
}

}  // namespace

std::string a1111_name(std::string_view field) {
  const auto found = std::find_if(kRenamed.begin(), kRenamed.end(),
                                  [&](const auto& renamed) { return renamed.second == field; });
  if (field == "lora") return "latentdial serve --lora";
  return found == kRenamed.end() ? "" : std::string(found->first);
}

A1111Request read_a1111_request(const Json& body, bool from_image, const ModelInfo& model) {
  const std::set<std::string_view> elsewhere = {
      "batch_size",         "n_iter",      "send_images", "sampler_index",
      "denoising_strength", "init_images", "resize_mode"};
  A1111Request request;
  Json settings = {{"prompt", ""}, {"seed", read_seed(Json())}};
  if (!body.contains("sampler_name") || body["sampler_name"].is_null())
    read_sampler("sampler_index", body.value("sampler_index", Json()), settings);
  for (const auto& [key, value] : body.items()) {
    if (!elsewhere.contains(key)) read_key(key, value, model, settings);
  }
  if (from_image) read_start_image(body, settings);
  if (body.value("eta", Json()) == 1)
    request.notices.emplace_back("eta has no effect: ddim is without noise, euler_a and lcm have their own");
  if (from_image && body.value("resize_mode", Json(0)) != 1)
    request.notices.emplace_back(
        "resize_mode: the start picture is scaled to fill the size and cut at the centre");
  request.send_images = body.value("send_images", Json(true)) != false;
  Request asked = in_words_of(a1111_name, [&] { return read_settings(settings); });
  request.images = std::move(asked.images);
  request.list.assign(static_cast<std::size_t>(read_count(body, "batch_size") * read_count(body, "n_iter")),
                      asked.settings);
  for (std::size_t i = 0; i < request.list.size(); ++i) request.list[i].seed += i;
  return request;
}

}  // namespace latentdial::server
