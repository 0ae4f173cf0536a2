#include "a1111_hires.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "a1111_request.h"
#include "latentdial/error.h"
#include "latentdial/parameters.h"

namespace latentdial::server {
namespace {

constexpr double kMostEnlarged = 4;
constexpr int kLongestSide = 8192;

/// What A1111 can change for the second pass: the word for leaving it, and the key of the first pass.
struct OwnToSecondPass {
  const char *key, *left, *first_pass;
};
constexpr OwnToSecondPass kOwn[] = {{"hr_checkpoint_name", "Use same checkpoint", ""},
                                    {"hr_sampler_name", "Use same sampler", "sampler_name"},
                                    {"hr_scheduler", "Use same scheduler", "scheduler"},
                                    {"hr_additional_modules", "Use same choices", ""},
                                    {"hr_prompt", "", "prompt"},
                                    {"hr_negative_prompt", "", "negative_prompt"},
                                    {"hr_cfg", "", "cfg_scale"}};

/// Both passes have one prompt, one sampler and one model.
void require_same(Json& body) {
  for (const auto& [key, left, first_pass] : kOwn) {
    const Json value = take(body, key, "");
    const bool same = value == "" || value == left || value == Json::array() ||
                      value == Json::array({left}) || value == body.value(first_pass, Json());
    if (!same)
      throw invalid_input(key, fmt::format("{} is not supported: the second pass is drawn as the first; "
                                           "leave it out",
                                           quoted(value)));
  }
}

/// One of those that /sdapi/v1/latent-upscale-modes and /sdapi/v1/upscalers list, by our name. "None" scales
/// by Lanczos' filter, as with A1111.
std::string find_enlarger(const Json& wanted, const Upscalers& upscalers) {
  std::vector<std::string> known = {"None"};
  if (wanted == known.front()) return "lanczos";
  for (const auto& [ours, theirs] : a1111_enlargers()) {
    if (wanted == theirs) return std::string(ours);
    known.emplace_back(theirs);
  }
  for (const auto& upscaler : upscalers) known.push_back(upscaler->name());
  const auto found = std::ranges::find_if(known, [&](const std::string& name) { return wanted == name; });
  if (found == known.end())
    throw invalid_input("hr_upscaler",
                        fmt::format("{} is unknown; use {}", quoted(wanted), fmt::join(known, ", ")));
  return *found;
}

/// A side of the first pass, 0 for the model's own.
int side_of(const Json& body, const char* key, int own) {
  const Json given = as_number(key, body.value(key, Json()));
  const int side = given.is_null() ? 0 : read_whole(key, given, 0, kLongestSide);
  return side == 0 ? own : side;
}

/// How many times as large the second pass is, by hr_resize_x and hr_resize_y where one is not 0.
double take_factor(Json& body, const ModelInfo& model) {
  const auto take_side = [&](const char* key) {
    return read_whole(key, as_number("width", take(body, key, 0)), 0, kLongestSide);
  };
  const int across = take_side("hr_resize_x"), down = take_side("hr_resize_y");
  const Json scale = as_number("hires", take(body, "hr_scale", 2));
  if (across == 0 && down == 0 && !scale.is_number())
    throw invalid_input("hr_scale", fmt::format("{} is not a number", quoted(scale)));
  const int width = side_of(body, "width", model.width), height = side_of(body, "height", model.height);
  if (across > 0 && down > 0 && std::int64_t{across} * height != std::int64_t{down} * width)
    throw invalid_input("hr_resize_y",
                        fmt::format("{}x{} has not the shape of {}x{}, so it would be cut, which is not "
                                    "supported; leave one of both sides at 0",
                                    across, down, width, height));
  const char* key = across > 0 ? "hr_resize_x" : down > 0 ? "hr_resize_y" : "hr_scale";
  const double factor = across > 0 ? static_cast<double>(across) / width
                        : down > 0 ? static_cast<double>(down) / height
                                   : scale.get<double>();
  if (!(factor > 1 && factor <= kMostEnlarged))
    throw invalid_input(key, fmt::format("{:g} times {}x{} is not possible; over 1 and up to {} times is",
                                         factor, width, height, kMostEnlarged));
  return factor;
}

}  // namespace

void read_a1111_hires(Json& body, Json& settings, const ModelInfo& model, const Upscalers& upscalers) {
  if (!read_flag("enable_hr", take(body, "enable_hr", false))) return;
  require_same(body);
  settings["hires"] = take_factor(body, model);
  settings["hires_with"] = find_enlarger(take(body, "hr_upscaler", kLatentMode), upscalers);
  settings["hires_steps"] = as_number("hires_steps", take(body, "hr_second_pass_steps", 0));
  const Json strength = body.value("denoising_strength", Json());
  if (!strength.is_null()) settings["hires_strength"] = as_number("hires_strength", strength);
}

}  // namespace latentdial::server
