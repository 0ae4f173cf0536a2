#include "a1111_neutral.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "latentdial/error.h"
#include "latentdial/json.h"

namespace latentdial::server {
namespace {

using Neutral = std::map<std::string_view, std::vector<Json>>;

/// Taken with these values, null, an empty text, list or object.
const Neutral& neutral_keys() {
  static const Neutral keys = {
      {"firstphase_width", {0}},
      {"firstphase_height", {0}},
      {"subseed_strength", {0}},
      {"seed_resize_from_h", {0, -1}},
      {"seed_resize_from_w", {0, -1}},
      {"restore_faces", {false}},
      {"tiling", {false}},
      {"styles", {"None"}},
      {"eta", {0, 1}},
      {"s_churn", {0}},
      {"s_tmax", {0}},
      {"s_tmin", {0}},
      {"s_noise", {1}},
      {"s_min_uncond", {0}},
      {"script_name", {"None"}},
      {"script_args", {}},
      {"mask", {}},
      {"latent_mask", {}},
      {"initial_noise_multiplier", {1}},
      {"infotext", {}},
      {"firstpass_image", {}},
  };
  return keys;
}

/// Options that make another picture, with the values that do not.
const Neutral& neutral_options() {
  static const Neutral options = {
      {"sd_checkpoint_hash", {}},
      {"sd_hypernetwork", {"None"}},
      {"sd_lora", {"None"}},
      {"forge_additional_modules", {}},
      {"eta_noise_seed_delta", {0}},
      {"eta_ddim", {0}},
      {"eta_ancestral", {1}},
      {"ddim_discretize", {"uniform"}},
      {"s_churn", {0}},
      {"s_tmin", {0}},
      {"s_tmax", {0}},
      {"s_noise", {1}},
      {"s_min_uncond", {0}},
      {"sigma_min", {0}},
      {"sigma_max", {0}},
      {"rho", {0}},
      {"k_sched_type", {"Automatic"}},
      {"always_discard_next_to_last_sigma", {false}},
      {"sgm_noise_multiplier", {false}},
      {"randn_source", {"CPU"}},
      {"enable_batch_seeds", {true}},
      {"enable_emphasis", {true}},
      {"emphasis", {"Original"}},
      {"use_old_emphasis_implementation", {false}},
      {"use_old_karras_scheduler_sigmas", {false}},
      {"use_old_scheduling", {false}},
      {"comma_padding_backtrack", {0, 20}},
      {"token_merging_ratio", {0}},
      {"token_merging_ratio_img2img", {0}},
      {"token_merging_ratio_hr", {0}},
      {"img2img_fix_steps", {false}},
      {"img2img_color_correction", {false}},
      {"img2img_extra_noise", {0}},
      {"initial_noise_multiplier", {1}},
      {"inpainting_mask_weight", {1}},
      {"face_restoration", {false}},
      {"tiling", {false}},
  };
  return options;
}

/// Without effect while the setting that they belong to is off, or only about how A1111 keeps its files.
const std::set<std::string_view> kWithoutEffect = {"hr_scale",
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
                                                   "save_images",
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

bool asks_for_nothing(const std::vector<Json>& neutral, const Json& value) {
  if (value.is_null() || value == "") return true;
  if (value.is_structured())
    return std::ranges::all_of(value, [&](const Json& one) { return asks_for_nothing(neutral, one); });
  return std::ranges::find(neutral, value) != neutral.end();
}

Error not_supported(std::string_view key, const Json& value) {
  return invalid_input(key, fmt::format("{} is not supported; leave it out", quoted(value)));
}

/// Without arguments, with false in front, or of units that are all switched off, as ControlNet's are.
bool is_off(const Json& arguments) {
  if (arguments.empty()) return true;
  if (!arguments.is_array()) return false;
  return arguments[0] == false || std::ranges::all_of(arguments, [](const Json& unit) {
           return unit.is_object() && unit.value("enabled", Json()) == false;
         });
}

using Names = std::vector<std::pair<std::string_view, std::string_view>>;

std::string find_nearest(const Names& table, std::string_view name) {
  const auto found = std::ranges::find(table, as_spoken(name), &Names::value_type::first);
  return found == table.end() ? "" : std::string(found->second);
}

}  // namespace

std::string as_spoken(std::string_view name) {
  std::string spoken(name);
  std::ranges::transform(spoken, spoken.begin(), [](char c) {
    if (c == '_') return ' ';
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return spoken;
}

bool is_neutral(const std::string& key) {
  return neutral_keys().contains(key) || kWithoutEffect.contains(key);
}

void read_neutral(const std::string& key, const Json& value, std::vector<std::string>& unknown) {
  const auto found = neutral_keys().find(key);
  if (found != neutral_keys().end()) {
    if (!asks_for_nothing(found->second, value)) throw not_supported(key, value);
  } else if (!kWithoutEffect.contains(key)) {
    unknown.push_back(key);
  }
}

void read_scripts(const Json& scripts) {
  if (scripts.is_null() || scripts == Json::array()) return;
  if (!scripts.is_object()) throw not_supported("alwayson_scripts", scripts);
  for (const auto& [name, script] : scripts.items()) {
    const Json arguments = script.is_object() ? script.value("args", Json::array()) : script;
    if (!is_off(arguments)) throw not_supported("alwayson_scripts." + name, arguments);
  }
}

bool is_chosen_option(const std::string& key) {
  return key == "sd_model_checkpoint" || key == "sd_vae" || key == "CLIP_stop_at_last_layers";
}

bool is_neutral_option(const std::string& key, const Json& value) {
  const auto found = neutral_options().find(key);
  return found != neutral_options().end() && asks_for_nothing(found->second, value);
}

bool is_option(const Json& options, const std::string& key, const Json& value) {
  const auto found = options.find(key);
  if (found == options.end()) return false;
  if (*found == value) return true;
  return key == "sd_model_checkpoint" && value.is_string() && !value.get_ref<const std::string&>().empty() &&
         found->get_ref<const std::string&>().starts_with(value.get_ref<const std::string&>() + " [");
}

void read_overrides(const Json& overrides, const Json& options, std::vector<std::string>& unknown) {
  if (overrides.is_null()) return;
  if (!overrides.is_object()) throw not_supported("override_settings", overrides);
  for (const auto& [key, value] : overrides.items()) {
    if (is_chosen_option(key) || is_option(options, key, value)) continue;
    if (key == "sd_checkpoint_hash" && overrides.contains("sd_model_checkpoint")) continue;
    const std::string name = "override_settings." + key;
    if (!neutral_options().contains(key))
      unknown.push_back(name);
    else if (!is_neutral_option(key, value))
      throw not_supported(name, value);
  }
}

std::string nearest_sampler(std::string_view name) {
  static const Names table = {
      {"dpm++ 2m sde heun", "dpm++2m_sde"},
      {"dpm fast", "dpm++2m"},
      {"dpm adaptive", "dpm++2m"},
      {"ipndm", "dpm++2m"},
      {"restart", "euler"},
      {"ddim cfg++", "ddim"},
  };
  return find_nearest(table, name);
}

std::string nearest_scheduler(std::string_view name) {
  static const Names table = {
      {"polyexponential", "exponential"}, {"kl optimal", "karras"}, {"uniform", "normal"}, {"ddim", "normal"},
      {"linear quadratic", "normal"},     {"turbo", "trailing"},
  };
  return find_nearest(table, name);
}

}  // namespace latentdial::server
