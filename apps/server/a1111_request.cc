#include "a1111_request.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string_view>

#include "a1111_hires.h"
#include "a1111_mask.h"
#include "a1111_neutral.h"
#include "latentdial/error.h"
#include "latentdial/json.h"
#include "latentdial/parameters.h"
#include "latentdial/text.h"

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
    {"init_images", "image"},     {"denoising_strength", "strength"},
    {"clip_skip", "clip_skip"},   {"refiner_switch_at", "refiner_switch"}};

/// Their name of each of ours that is read with others, in a1111_mask.cc and a1111_hires.cc.
const std::map<std::string_view, const char*> kReadApart = {{"mask", "mask"},
                                                            {"mask_blur", "mask_blur"},
                                                            {"mask_fill", "inpainting_fill"},
                                                            {"only_masked", "inpaint_full_res"},
                                                            {"mask_padding", "inpaint_full_res_padding"},
                                                            {"hires", "hr_scale"},
                                                            {"hires_with", "hr_upscaler"},
                                                            {"hires_strength", "denoising_strength"},
                                                            {"hires_steps", "hr_second_pass_steps"}};

/// Our name of one of A1111's; with a line for the user where it is only the nearest.
std::string find_name(const std::string& key, const Json& value, std::span<const NamePair> table,
                      std::string (*nearest)(std::string_view), std::vector<std::string>& notices) {
  if (!value.is_string()) throw invalid_input(key, fmt::format("a name is needed, not {}", value.dump()));
  const auto& name = value.get_ref<const std::string&>();
  std::vector<std::string_view> known;
  const auto near = nearest(name);
  for (const auto& [ours, theirs] : table) {
    if (name == ours || as_spoken(name) == as_spoken(theirs)) return std::string(ours);
    if (ours == near)
      notices.push_back(fmt::format("{}: \"{}\" is not here; {}, the nearest, is used", key, name, theirs));
    known.push_back(theirs);
  }
  if (!near.empty()) return near;
  throw invalid_input(key, fmt::format("\"{}\" is unknown; use {}", name, fmt::join(known, ", ")));
}

bool is_automatic(const Json& value) {
  return value.is_null() || value == "" || value == "Automatic" || value == "automatic";
}

void read_scheduler(const Json& value, Json& settings, std::vector<std::string>& notices) {
  if (is_automatic(value)) return;
  settings["scheduler"] = find_name("scheduler", value, a1111_schedulers(), nearest_scheduler, notices);
}

/// "DPM++ 2M Karras" is a sampler and a scheduler.
void read_sampler(const std::string& key, const Json& value, Json& settings,
                  std::vector<std::string>& notices) {
  if (is_automatic(value)) return;
  Json name = value;
  if (name.is_string()) {
    auto& text = name.get_ref<std::string&>();
    if (const auto scheduler = take_scheduler(text); !scheduler.empty()) settings["scheduler"] = scheduler;
  }
  settings["sampler"] = find_name(key, name, a1111_samplers(), nearest_sampler, notices);
}

/// null, or nothing, is `otherwise`.
Json value_or(const Json& body, const char* key, const Json& otherwise) {
  const Json value = body.value(key, Json());
  return value.is_null() ? otherwise : value;
}

int read_count(const Json& body, const char* key) {
  return read_whole(key, value_or(body, key, 1), 1, kMostPictures);
}

/// What A1111 has no word for goes by ours: errors name it so.
bool is_own_setting(const std::string& key) {
  const ModelOptions engine;
  bool of_model = false;
  visit_model_options(engine, [&](const Option& option, const auto&) { of_model |= key == option.name; });
  return is_setting(key) && !of_model && a1111_name(key).empty();
}

/// The refiner that is loaded draws unless another, or none, is asked for.
void read_refiner(const Json& body, Json& settings, const ModelInfo& model) {
  const Json named = value_or(body, "refiner_checkpoint", ""),
             at = value_or(body, "refiner_switch_at", Json());
  const bool is_loaded = !model.refiner.empty();
  const bool draws = is_loaded && named != "None";
  if (named != "" && named != "None" && named != model.refiner)
    throw invalid_input("refiner_checkpoint",
                        fmt::format("{} is not loaded; {}", named.dump(),
                                    is_loaded ? fmt::format("use {} or None", model.refiner)
                                              : "start the server with it as --refiner, or leave it out"));
  if (is_loaded && !draws) settings["refiner_switch"] = 1;
  const bool asks_for_nothing = at.is_null() || (!is_loaded && (at == 0 || at == 1));
  if (!asks_for_nothing && (draws || named == ""))
    settings["refiner_switch"] = as_number("refiner_switch", at);
}

/// The start picture and how far it is noised; txt2img's denoising_strength is its second pass's.
void read_start_image(Json& body, Json& settings) {
  Json images = body.contains("init_images") ? std::move(body["init_images"]) : Json();
  if (!images.is_array() || images.size() != 1 || images[0] == "" || images[0].is_null())
    throw invalid_input("init_images", "a list of one picture in base64 is needed");
  settings["image"] = std::move(images[0]);
  if (body.contains("denoising_strength") && !body["denoising_strength"].is_null())
    settings["strength"] = body["denoising_strength"];
}

/// 0 asks for the model's own, as 1 does.
void read_clip_skip(const Json& value, Json& settings) {
  const Json number = as_number("clip_skip", value);
  if (!number.is_null()) settings["clip_skip"] = number == 0 ? Json(1) : number;
}

/// Options that are settings here; the others stay.
Json without_settings(Json overrides, Json& settings) {
  if (!overrides.is_object() || !overrides.contains("clip_skip")) return overrides;
  read_clip_skip(overrides["clip_skip"], settings);
  overrides.erase("clip_skip");
  return overrides;
}

/// One key of the body that is not the pictures' number or the start picture.
void read_key(const std::string& key, const Json& value, const Json& options, Json& settings,
              std::vector<std::string>& notices, std::vector<std::string>& unknown) {
  if (key == "sampler_name") {
    read_sampler(key, value, settings, notices);
  } else if (key == "scheduler") {
    read_scheduler(value, settings, notices);
  } else if (key == "clip_skip") {
    read_clip_skip(value, settings);
  } else if (const auto renamed = kRenamed.find(key); renamed != kRenamed.end()) {
    if (!value.is_null()) settings[renamed->second] = as_number(renamed->second, value);
  } else if (key == "alwayson_scripts") {
    read_scripts(value);
  } else if (key == "override_settings") {
    read_overrides(without_settings(value, settings), options, unknown);
  } else if (is_neutral(key) || !is_setting(key)) {
    read_neutral(key, value, unknown);
  } else if (is_own_setting(key)) {
    settings[key] = as_number(key, value);
  } else {
    throw invalid_input(key, "no such setting");
  }
}

std::string left_out(std::vector<std::string> unknown) {
  constexpr std::size_t kMost = 12, kLongest = 60;
  const bool more = unknown.size() > kMost;
  if (more) unknown.resize(kMost);
  for (std::string& key : unknown) key = single_line(key).substr(0, kLongest);
  return fmt::format("not known here, and left out: {}{}", fmt::join(unknown, ", "), more ? ", …" : "");
}

/// A scheduler without a sampler goes to one that has it.
void choose_sampler(Json& settings, const ModelInfo& model, std::vector<std::string>& notices) {
  if (!settings.contains("scheduler") || settings.contains("sampler")) return;
  const auto able = samplers_of_scheduler(settings["scheduler"].get<std::string>());
  if (std::ranges::find(able, model.sampler) != able.end()) return;
  settings["sampler"] = "euler";
  notices.emplace_back("scheduler: the model's own sampler does not go by it; Euler is used");
}

}  // namespace

Json as_number(const std::string& setting, const Json& value) {
  static const Json kinds = parse_json<Json>(to_json(Settings()));
  const Json& kind = kinds.at(setting);
  const bool whole = kind.is_number_integer();
  if (!whole && !kind.is_number() && setting != "guidance_scale" && setting != "refiner_switch") return value;
  Json number =
      value.is_string() ? try_parse_json<Json>(value.get_ref<const std::string&>()).value_or(value) : value;
  if (whole && number.is_number_float()) {
    const double exact = number.get<double>();
    if (std::abs(exact) < 1e15 && exact == std::trunc(exact)) number = static_cast<std::int64_t>(exact);
  }
  return number.is_number() ? number : value;
}

std::string a1111_name(std::string_view field) {
  const auto found = std::find_if(kRenamed.begin(), kRenamed.end(),
                                  [&](const auto& renamed) { return renamed.second == field; });
  if (field == "refiner") return "latentdial serve --refiner";
  if (field == "model") return "sd_model_checkpoint";
  if (field == "lora") return "latentdial serve --lora";
  if (field == "lora_dir") return "latentdial serve --lora-dir";
  if (const auto apart = kReadApart.find(field); apart != kReadApart.end()) return apart->second;
  return found == kRenamed.end() ? "" : std::string(found->first);
}

A1111Request read_a1111_request(Body& asked_body, bool from_image, const ModelInfo& model,
                                const Json& options, const Upscalers& upscalers) {
  Json& body = asked_body.json;
  const std::set<std::string_view> elsewhere = {
      "batch_size",  "n_iter",      "send_images",        "sampler_index",    "denoising_strength",
      "init_images", "resize_mode", "refiner_checkpoint", "refiner_switch_at"};
  A1111Request request;
  std::vector<std::string> unknown;
  Json settings = {{"prompt", ""}, {"seed", kAnySeed}, {"clip_skip", options.at("CLIP_stop_at_last_layers")}};
  InputImages images;
  if (from_image) images.mask = read_a1111_mask(asked_body, settings);
  read_a1111_hires(body, settings, model, upscalers);
  if (!body.contains("sampler_name") || body["sampler_name"].is_null())
    read_sampler("sampler_index", body.value("sampler_index", Json()), settings, request.notices);
  for (const auto& [key, value] : body.items()) {
    if (!elsewhere.contains(key)) read_key(key, value, options, settings, request.notices, unknown);
  }
  choose_sampler(settings, model, request.notices);
  read_refiner(body, settings, model);
  if (from_image) read_start_image(body, settings);
  if (!unknown.empty()) request.notices.push_back(left_out(std::move(unknown)));
  if (body.value("eta", Json()) == 1)
    request.notices.emplace_back("eta has no effect: ddim is without noise, euler_a and lcm have their own");
  if (from_image && body.value("resize_mode", Json(0)) != 1)
    request.notices.emplace_back(
        "resize_mode: the start picture is scaled to fill the size and cut at the centre");
  body.erase("init_images");
  request.send_images = read_flag("send_images", value_or(body, "send_images", true));
  request.asked = in_words_of(a1111_name, [&] {
    return read_settings(asked_body.with(std::move(settings)), std::move(images), upscalers);
  });
  request.list.assign(static_cast<std::size_t>(read_count(body, "batch_size") * read_count(body, "n_iter")),
                      request.asked.settings);
  for (std::size_t i = 0; i < request.list.size(); ++i) request.list[i].seed += i;
  return request;
}

}  // namespace latentdial::server
