#include "task/second_pass.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "dial/method.h"
#include "latentdial/parameters.h"
#include "text/require.h"

namespace latentdial::detail {
namespace {

/// `by` times as long, cut to whole multiples. What is less than a multiple by a rounding is one.
int enlarged(int length, double by, int multiple) {
  constexpr double kRounding = 1e-6;
  return multiple * static_cast<int>(std::floor(length * by / multiple + kRounding));
}

/// What only a second pass has a use for.
void check_left_out(const Request& request) {
  const Settings &s = request.settings, defaults;
  require(s.hires_with.empty() && !request.upscaler, "hires_with",
          "no @(hires) says that the picture is enlarged and drawn again");
  require(s.hires_strength == defaults.hires_strength, "hires_strength",
          "no @(hires) says that the picture is drawn again");
  require(s.hires_steps == 0, "hires_steps", "no @(hires) says that the picture is drawn again");
}

/// An edit of a finished picture, and a style that acts on a part of it, are of that very picture.
void check_dial(const Request& request) {
  const Settings& s = request.settings;
  if (s.style.empty()) return;
  const auto& methods = dial_method_table();
  const std::string name = s.method.empty() ? methods.front().info.name : s.method;
  require(!find_dial_method(name).info.edits, "hires",
          "@(method) {} edits the finished picture, so it is drawn once; use calibrated or guide", name);
  require(!request.has_style_mask() && s.mask_words.empty(), "hires",
          "the style of a picture that is drawn twice acts everywhere; leave @({}) out",
          request.has_style_mask() ? "style_mask" : "mask_words");
}

}  // namespace

bool draws_twice(const Settings& settings) {
  return settings.hires > 1;
}

bool names_network(const Settings& settings) {
  const auto words = a1111_enlargers();
  return !settings.hires_with.empty() &&
         std::ranges::find(words, settings.hires_with, &NamePair::first) == words.end();
}

void check_second_pass(const Request& request) {
  const Settings& s = request.settings;
  if (!draws_twice(s)) return check_left_out(request);
  require(!request.has_start(), "hires",
          "a picture that starts from another, or is restored, is drawn once; leave @(image) out");
  require(s.strength == Settings{}.strength, "strength",
          "only a start image is noised by it; the second pass goes by @(hires_strength)");
  require(!request.upscaler || names_network(s), "hires_with", "a network is given, and not named");
  check_dial(request);
}

PictureSize second_size(const Settings& s, int multiple) {
  const PictureSize size = {enlarged(s.width, s.hires, multiple), enlarged(s.height, s.hires, multiple)};
  require(size.width > s.width || size.height > s.height, "hires",
          "{} times {}x{} is no larger, since sides are multiples of {}", s.hires, s.width, s.height,
          multiple);
  return size;
}

SecondPass second_pass_of(const Settings& s, int multiple, std::shared_ptr<const Upscaler> network) {
  const auto [width, height] = second_size(s, multiple);
  return {.width = width,
          .height = height,
          .with = s.hires_with,
          .network = std::move(network),
          .strength = s.hires_strength,
          .steps = s.hires_steps > 0 ? s.hires_steps : s.steps};
}

}  // namespace latentdial::detail
