#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "dial/method.h"
#include "diffusion/sampler.h"
#include "latentdial/request.h"
#include "prompt/lora_tags.h"
#include "task/canvas.h"
#include "task/prompts.h"
#include "task/reference.h"
#include "task/restoration.h"
#include "task/second_pass.h"
#include "text/require.h"
#include "text/words.h"

namespace latentdial {

using namespace detail;
namespace {

/// Checks one number against the range its option declares, and a text for what no PNG could keep.
struct RangeCheck {
  void operator()(const Option& option, const std::string& value) const {
    require(value.find('\0') == std::string::npos, option.name,
            "the text holds a NUL character; leave it out");
  }
  template <class T>
  void operator()(const Option& option, const T& value) const {
    if constexpr (std::is_arithmetic_v<T> && !std::is_same_v<T, bool>) {
      const auto number = static_cast<double>(value);
      require(std::isfinite(number) && number >= option.min && number <= option.max, option.name,
              "{} is out of range, use {} to {}", value, limit<T>(option.min), limit<T>(option.max));
    }
  }
  template <class T>
  void operator()(const Option& option, const std::optional<T>& value) const {
    if (value) (*this)(option, *value);
  }
};

void check_choice(std::string_view field, const std::string& value, const std::vector<std::string>& choices) {
  require(value.empty() || std::ranges::find(choices, value) != choices.end(), field,
          "\"{}\" is unknown; use {}", value, fmt::join(choices, ", "));
}

void check_size(int width, int height) {
  constexpr std::string_view kSides = "sides must be multiples of 8 from 8 to 8192, as in 512x512";
  const auto fits = [](int side) { return side >= 0 && side % 8 == 0; };
  require(width == 0 || height == 0 || (fits(width) && fits(height)), fits(width) ? "height" : "width",
          "{}x{} is not a picture size; both {}", width, height, kSides);
  const int given = width == 0 ? height : width;
  require(fits(given), width != 0 ? "width" : "height", "{} is not a side; {}", given, kSides);
  require((width == 0) == (height == 0), width == 0 ? "width" : "height", "only the other is given; both {}",
          kSides);
}

/// "a, b and c".
std::string listed(std::vector<std::string> names, std::string_view before_last) {
  const std::string last = names.back();
  names.pop_back();
  return names.empty() ? last : fmt::format("{} {} {}", fmt::join(names, ", "), before_last, last);
}

/// An inverted picture brings its own noise, and may go without words.
void check_inversion(const Request& request) {
  const Settings& s = request.settings;
  require(s.invert || !request.has_end(), "to_image",
          "only inverted pictures have a noise to interpolate; give @(image) and @(invert) too");
  if (!s.invert) return;
  require(request.has_start(), "invert", "no picture is given; say which by @(image)");
  require(
      s.reuse == 1, "reuse",
      "an inverted picture comes out again only where each step is whole; leave @(reuse) or @(invert) out");
  const auto invertible = invertible_sampler_names();
  require(s.sampler.empty() || std::ranges::find(invertible, s.sampler) != invertible.end(), "sampler",
          "{} draws new noise at each step, so no noise leads back to a picture; with @(invert) use {}",
          s.sampler, listed(invertible, "or"));
  require(s.seed == 0 && s.to_seed < 0, s.seed != 0 ? "seed" : "to_seed",
          "with @(invert) all noise comes from the picture; leave the seed out");
}

/// What is new beside a start image is drawn from noise alone.
void check_extension(const Request& request) {
  const Settings& s = request.settings;
  const char* side = extended_side(s);
  require(request.has_start(), side, "no picture is given; say by @(image) what is extended");
  require(!s.invert, side, "an inverted picture is whole; leave @(invert) out");
  require(s.strength == Settings{}.strength || s.strength == 1, "strength",
          "what is new is drawn whole, so {} has no meaning; leave it out", s.strength);
}

/// Words may say in a mask's place what is redrawn.
void check_redrawn_words(const Request& request) {
  const Settings& s = request.settings;
  if (s.redraw_words.empty()) return;
  require(request.has_start(), "redraw_words",
          "no picture is given; say by @(image) where they are looked for");
  require(std::ranges::none_of(split(s.redraw_words, ','), [](auto word) { return trimmed(word).empty(); }),
          "redraw_words", "\"{}\" has a word that is empty; part them by single commas", s.redraw_words);
  require(!request.has_mask(), "redraw_words", "@(mask) says already what is redrawn; use one of them");
  require(!extends(s), "redraw_words",
          "a picture that is extended keeps what it shows; redraw that by itself");
  require(!s.only_masked, "only_masked",
          "what is drawn by itself must be known before the words are found; say it by @(mask)");
  require(!s.invert, "redraw_words", "an inverted picture is whole; leave @(invert) out, or the words");
}

/// DING's two looks stand in place of a plain step of DDIM.
void check_update(const Request& request) {
  const Settings& s = request.settings;
  check_choice("mask_update", s.mask_update, {"replace", "ding"});
  require(s.mask_update.empty() || request.has_part() || extends(s), "mask_update",
          "no @(mask) says what is redrawn");
  if (s.mask_update != "ding") return;
  require(s.sampler.empty() || s.sampler == "ddim", "mask_update",
          "ding's steps are DDIM's; use @(sampler) ddim, not {}", s.sampler);
  require(s.reuse == 1, "reuse", "ding looks at each step anew; leave @(reuse) out, or @(mask_update)");
  require(s.style.empty(), "style", "ding is no part of a dial; leave @(mask_update) out");
}

/// A part that is redrawn is one of a start image.
void check_part(const Request& request) {
  const Settings& s = request.settings;
  check_choice("mask_fill", s.mask_fill, {"original", "around", "noise", "nothing"});
  if (extends(s)) check_extension(request);
  check_redrawn_words(request);
  check_update(request);
  if (!request.has_mask()) {
    require(s.mask_fill.empty() || request.has_part(), "mask_fill", "no @(mask) says what is to be filled");
    require(!s.only_masked || extends(s), "only_masked", "no @(mask) says what is to be drawn by itself");
    return;
  }
  require(request.has_start(), "mask",
          "no picture is given; say by @(image) what is redrawn where it is white");
  require(!s.invert, "mask", "an inverted picture is whole; leave @(invert) out, or @(mask)");
}

/// The methods that can do something, as a list: "calibrated, guide and anchored".
template <class Can>
std::string methods_that(const Can& can) {
  std::vector<std::string> names;
  for (const DialMethod& method : dial_method_table())
    if (can(method.info)) names.push_back(method.info.name);
  return listed(std::move(names), "and");
}

/// A mask is one, and of a method that acts on a part of the picture.
void check_area(const Request& request, const MethodInfo& method) {
  const Settings& s = request.settings;
  const bool has_mask = request.has_style_mask(), has_words = !s.mask_words.empty();
  if (!has_mask && !has_words) return;
  require(!s.style.empty() || has_mask, "mask_words",
          "no @(style) acts there; what is redrawn of a picture is said by @(redraw_words)");
  require(method.acts_on_part, has_mask ? "style_mask" : "mask_words",
          "only @(method) {} act on a part of the picture",
          methods_that([](const MethodInfo& m) { return m.acts_on_part; }));
  require(!has_mask || !has_words, "mask_words",
          "@(style_mask) says already where the style acts; use one of them");
  require(!has_words || s.to_prompt.empty(), "mask_words",
          "between two prompts there are no words to look for; use @(style_mask)");
  if (has_words && !s.plain_prompt) (void)constant_prompt("prompt", s.prompt);
}

/// What the dial's method does not use, it must not be given.
void check_method(const Request& request, const MethodInfo& method) {
  const Settings& s = request.settings;
  require(method.window || (s.style_start == 0 && s.style_end == 1),
          s.style_start != 0 ? "style_start" : "style_end", "only @(method) {} act on some of the steps",
          methods_that([](const MethodInfo& m) { return m.window; }));
  require((method.edits && method.window) || (s.style_passes == 1 && s.style_guidance == 1),
          s.style_passes != 1 ? "style_passes" : "style_guidance",
          "only @(method) {} edits a finished picture as it is told",
          methods_that([](const MethodInfo& m) { return m.edits && m.window; }));
  check_area(request, method);
  require(method.takes_dial || (s.dial.empty() && !request.dial), "dial",
          "only @(method) {} turns a dial file",
          methods_that([](const MethodInfo& m) { return m.takes_dial; }));
  require(!s.per_token || method.name.empty() || method.angle, "per_token",
          "@(method) {} turns no encoding by an angle, so there is nothing to do per token", method.name);
}

/// A LoRA is turned by whoever can, without a dial file.
void check_lora(const Request& request, const MethodInfo& method) {
  (void)read_loras(request.settings.loras);
  if (!lora_of_style(request.settings.style)) return;
  require(method.turns_loras, "method", "{} turns words; a LoRA is turned by {}", method.name,
          methods_that([](const MethodInfo& m) { return m.turns_loras; }));
  require(request.settings.dial.empty() && !request.dial, "dial",
          "a dial file is of words; leave it out to turn a LoRA");
}

void check_dial(const Request& request) {
  const Settings& s = request.settings;
  require(!s.style.empty() || s.position == 0, "position",
          "the dial is at {}, but no @(style) says what it turns", s.position);
  require(s.style_start <= s.style_end, "style_start",
          "{} is behind @(style_end), {}; the style would never be on", s.style_start, s.style_end);
  const MethodInfo method = !s.method.empty()  ? find_dial_method(s.method).info
                            : !s.style.empty() ? dial_method_table().front().info
                                               : MethodInfo{};
  check_method(request, method);
  check_lora(request, method);
}

}  // namespace

void validate(const Request& request) {
  const Settings& s = request.settings;
  check_size(s.width, s.height);
  visit_settings(s, RangeCheck{});
  check_choice("sampler", s.sampler, sampler_names());
  check_choice("scheduler", s.scheduler, scheduler_names());
  require(!s.eta || s.sampler.empty() || s.sampler == "tcd", "eta",
          "only the sampler tcd takes it, not {}; leave it out", s.sampler);
  check_inversion(request);
  check_choice("restore", s.restore, {"colorize", "deblur", "upscale"});
  check_restoration(request);
  check_reference(request);
  check_part(request);
  check_second_pass(request);
  check_prompts(s);
  require(s.guidance_start <= s.guidance_end, "guidance_start",
          "{} is behind @(guidance_end), {}; guidance would never be on", s.guidance_start, s.guidance_end);
  check_dial(request);
  const bool has_other_end =
      !s.to_prompt.empty() || s.to_seed >= 0 || request.has_end() || request.has_other_reference();
  require(has_other_end || s.theta == 0, "theta",
          "{} of the way, but neither @(to_prompt) nor @(to_seed) nor @(to_image) nor @(to_reference) says "
          "where to",
          s.theta);
}

}  // namespace latentdial
