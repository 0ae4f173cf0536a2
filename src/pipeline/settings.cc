#include "latentdial/settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <string_view>
#include <type_traits>

#include "dial/method.h"
#include "diffusion/sampler.h"
#include "latentdial/error.h"
#include "pipeline/composed_prompt.h"

namespace latentdial {
namespace {

/// "--steps" of "--steps", "--prompt" of "-p,--prompt"; the name where there is no flag.
std::string_view flag_of(const Option& option) {
  const std::string_view flags = option.flags;
  if (flags.empty()) return option.name;
  const auto comma = flags.rfind(',');
  return comma == std::string_view::npos ? flags : flags.substr(comma + 1);
}

/// Checks one number against the range its option declares, and a text for what no PNG could keep.
struct RangeCheck {
  void operator()(const Option& option, const std::string& value) const {
    if (value.find('\0') == std::string::npos) return;
    throw invalid_input(fmt::format("{}: the text holds a NUL character; leave it out", flag_of(option)));
  }
  template <class T>
  void operator()(const Option& option, const T& value) const {
    if constexpr (std::is_arithmetic_v<T> && !std::is_same_v<T, bool>) {
      const auto number = static_cast<double>(value);
      if (std::isfinite(number) && number >= option.min && number <= option.max) return;
      throw invalid_input(fmt::format("{}: {} is out of range, use {} to {}", flag_of(option), value,
                                      option.min, option.max));
    }
  }
};

void check_choice(std::string_view flag, const std::string& value, const std::vector<std::string>& choices) {
  if (value.empty()) return;
  for (const auto& choice : choices) {
    if (choice == value) return;
  }
  throw invalid_input(fmt::format("{}: \"{}\" is unknown; use {}", flag, value, fmt::join(choices, ", ")));
}

void check_size(int width, int height) {
  if (width == 0 && height == 0) return;
  if (width > 0 && height > 0 && width % 8 == 0 && height % 8 == 0) return;
  throw invalid_input(fmt::format(
      "--size: {}x{} is no picture size; both sides must be multiples of 8 from 8 to 8192, as in 512x512",
      width, height));
}

/// An inverted picture brings its own noise, and may go without words.
void check_inversion(const Settings& s) {
  if (!s.to_image.empty() && !s.invert) {
    throw invalid_input(
        "--to-image: only inverted pictures have a noise to interpolate; use --image A.png --invert "
        "--to-image B.png");
  }
  if (!s.invert) return;
  if (s.image.empty()) {
    throw invalid_input("--invert: no picture is given; say which, as in --image photo.png --invert");
  }
  if (s.sampler == "euler_a" || s.sampler == "lcm") {
    throw invalid_input(
        fmt::format("--sampler: {} draws new noise at each step, so no noise leads back to a picture; with "
                    "--invert use pndm, ddim, euler or dpm++2m",
                    s.sampler));
  }
  if (s.seed != 0 || s.to_seed >= 0) {
    throw invalid_input(fmt::format("{}: with --invert all noise comes from the picture; leave the seed out",
                                    s.seed != 0 ? "--seed" : "--to-seed"));
  }
}

/// A mask is one, and of a method that acts on a part of the picture.
void check_mask(const Settings& s, bool acts_on_a_part) {
  if (s.mask.empty() && s.mask_words.empty()) return;
  const char* flag = s.mask.empty() ? "--mask-words" : "--mask";
  if (!acts_on_a_part) {
    throw invalid_input(
        fmt::format("{}: only --method guide, anchored and calibrated act on a part of the picture", flag));
  }
  if (!s.mask.empty() && !s.mask_words.empty())
    throw invalid_input("--mask-words: --mask says already where the style acts; use one of them");
  if (!s.mask_words.empty() && !s.to_prompt.empty())
    throw invalid_input("--mask-words: between two prompts there are no words to look for; use --mask");
  if (!s.mask_words.empty() && !s.plain_prompt) (void)constant_prompt("--prompt", s.prompt);
}

/// What the dial's method does not use, it must not be given.
void check_dial(const Settings& s) {
  if (s.style.empty() && s.position != 0) {
    throw invalid_input(
        fmt::format("--at: the dial is at {}, but no --style says what it turns", s.position));
  }
  if (s.style_start > s.style_end) {
    throw invalid_input(
        fmt::format("--style-start: {} is behind --style-end, {}; the style would never be on", s.style_start,
                    s.style_end));
  }
  const std::string method = s.method.empty() && !s.style.empty() ? dial_methods().front() : s.method;
  const bool windowed = method == "guide" || method == "anchored";
  if (!windowed && (s.style_start != 0 || s.style_end != 1)) {
    throw invalid_input(
        "--style-start, --style-end: only --method guide and anchored act on some of the steps");
  }
  if (method != "anchored" && (s.style_passes != 1 || s.style_guidance != 1 || !s.style_colours.empty())) {
    throw invalid_input(
        "--style-passes, --style-guidance, --style-colours: only --method anchored edits a finished picture");
  }
  if (!s.style_colours.empty()) (void)parse_colour_map("--style-colours", s.style_colours);
  check_mask(s, windowed || method == "calibrated");
  if (method != "calibrated" && !s.dial.empty()) {
    throw invalid_input("--dial: only --method calibrated turns a dial file");
  }
  if (s.per_token && !method.empty() && !method.starts_with("slerp")) {
    throw invalid_input(fmt::format(
        "--per-token: --method {} turns no encoding by an angle, so there is nothing to do per token",
        method));
  }
}

bool is_blank(const std::string& text) {
  return text.find_first_not_of(" \t\r\n") == std::string::npos;
}

}  // namespace

void validate(const Settings& s) {
  if (is_blank(s.prompt) && !(s.invert && s.prompt.empty())) {
    throw invalid_input(
        "--prompt: no prompt is given; say what the picture shows, as in -p \"a dog in the meadow\"");
  }
  check_size(s.width, s.height);
  visit_settings(s, RangeCheck{});
  check_choice("--sampler", s.sampler, sampler_names());
  check_choice("--scheduler", s.scheduler, scheduler_names());
  check_choice("--method", s.method, dial_methods());
  check_inversion(s);
  check_prompts(s);
  if (s.guidance_start > s.guidance_end) {
    throw invalid_input(fmt::format("--cfg-start: {} is behind --cfg-end, {}; guidance would never be on",
                                    s.guidance_start, s.guidance_end));
  }
  check_dial(s);
  if (s.to_prompt.empty() && s.to_seed < 0 && s.to_image.empty() && s.theta != 0) {
    throw invalid_input(fmt::format(
        "--theta: {} of the way, but neither --to nor --to-seed nor --to-image says where to", s.theta));
  }
}

std::vector<std::string> dial_methods() {
  std::vector<std::string> names;
  for (const auto& method : dial_method_table()) names.emplace_back(method.name);
  return names;
}

}  // namespace latentdial
