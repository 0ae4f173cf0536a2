// A new setting belongs to one part of a task, and what is remembered is found again by whole parts: no
// setting can be forgotten in a key.

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>
#include <string>

#include "session/stage.h"
#include "task/resolve.h"

namespace latentdial::detail {
namespace {

using Change = std::function<void(Request&)>;

InputImage grey(std::uint8_t level, int side = 64) {
  const auto bytes = static_cast<std::size_t>(3 * side * side);
  return InputImage({.width = side, .height = side, .rgb = std::vector<std::uint8_t>(bytes, level)});
}

Request a_request() {
  Request request;
  request.settings.prompt = "a dog";
  request.settings.width = request.settings.height = 64;
  return request;
}

void guided(Request& request) {
  request.settings.style = "sketch";
  request.settings.method = "guide";
}

void anchored(Request& request) {
  request.settings.style = "sketch";
  request.settings.method = "anchored";
}

void from_a_picture(Request& request) {
  request.images.start = grey(100);
}

void masked(Request& request) {
  from_a_picture(request);
  request.images.mask = grey(255);
}

Dial fitted(const std::string& style) {
  Dial dial;
  dial.style = style;
  return dial;
}

/// White in the middle.
InputImage spot() {
  Image mask{.width = 64, .height = 64, .rgb = {}};
  for (int i = 0; i < 64 * 64; ++i)
    mask.rgb.insert(mask.rgb.end(), 3, i / 64 / 8 == 4 && i % 64 / 8 == 4 ? 255 : 0);
  return InputImage(mask);
}

void masked_in_the_middle(Request& request) {
  from_a_picture(request);
  request.images.mask = spot();
}

void masked_in_the_middle_alone(Request& request) {
  masked_in_the_middle(request);
  request.settings.only_masked = true;
}

void inverted(Request& request) {
  from_a_picture(request);
  request.settings.invert = true;
}

void blurred(Request& request) {
  from_a_picture(request);
  request.settings.width = request.settings.height = 0;
  request.settings.restore = "deblur";
  request.settings.blur_sigma = 2;
}

void moved(Request& request) {
  blurred(request);
  request.settings.blur_sigma = 0;
  request.settings.blur_motion = "9,30";
}

void spread(Request& request) {
  blurred(request);
  request.settings.blur_sigma = 0;
  request.images.kernel = grey(200, 3);
}

void small(Request& request) {
  blurred(request);
  request.settings.blur_sigma = 0;
  request.settings.restore = "upscale";
}

void drawn_twice(Request& request) {
  request.settings.hires = 2;
}

void noised(Request& request) {
  small(request);
  request.settings.noise_level = 30;
}

void varied(Request& request) {
  request.images.reference = grey(100);
}

/// What a setting needs to be taken, what changes it, and what it belongs to: a part of the task, or the
/// second pass.
struct Case {
  Change base, change;
  std::string part;
};

const std::map<std::string, Case>& cases() {
  const Change none = [](Request&) {};
  const auto to_cat = [](Request& r) { r.settings.to_prompt = "a cat"; };
  static const std::map<std::string, Case> table = {
      {"prompt", {none, [](Request& r) { r.settings.prompt = "a cat"; }, "words"}},
      {"negative_prompt", {none, [](Request& r) { r.settings.negative_prompt = "grey"; }, "words"}},
      {"plain_prompt", {none, [](Request& r) { r.settings.plain_prompt = true; }, "words"}},
      {"clip_skip", {none, [](Request& r) { r.settings.clip_skip = 2; }, "words"}},
      {"steps", {none, [](Request& r) { r.settings.steps = 7; }, "sampling"}},
      {"reuse", {none, [](Request& r) { r.settings.reuse = 3; }, "sampling"}},
      {"sampler", {none, [](Request& r) { r.settings.sampler = "euler"; }, "sampling"}},
      {"scheduler",
       {[](Request& r) { r.settings.sampler = "euler"; }, [](Request& r) { r.settings.scheduler = "karras"; },
        "sampling"}},
      {"eta",
       {[](Request& r) { r.settings.sampler = "tcd"; }, [](Request& r) { r.settings.eta = 0.7; },
        "sampling"}},
      {"refiner_switch",
       {[](Request& r) { r.settings.refiner_switch = 0.5; },
        [](Request& r) { r.settings.refiner_switch = 0.7; }, "sampling"}},
      {"width", {none, [](Request& r) { r.settings.width = 72; }, "sampling"}},
      {"height", {none, [](Request& r) { r.settings.height = 72; }, "sampling"}},
      {"hires", {none, drawn_twice, "second pass"}},
      {"hires_with", {drawn_twice, [](Request& r) { r.settings.hires_with = "lanczos"; }, "second pass"}},
      {"hires_strength", {drawn_twice, [](Request& r) { r.settings.hires_strength = 0.4; }, "second pass"}},
      {"hires_steps", {drawn_twice, [](Request& r) { r.settings.hires_steps = 7; }, "second pass"}},
      {"guidance_scale", {none, [](Request& r) { r.settings.guidance_scale = 3; }, "guidance"}},
      {"guidance_start", {none, [](Request& r) { r.settings.guidance_start = 0.1; }, "guidance"}},
      {"guidance_end", {none, [](Request& r) { r.settings.guidance_end = 0.9; }, "guidance"}},
      {"guidance_rescale", {none, [](Request& r) { r.settings.guidance_rescale = 0.7; }, "guidance"}},
      {"seed", {none, [](Request& r) { r.settings.seed = 5; }, "source"}},
      {"image", {from_a_picture, [](Request& r) { r.images.start = grey(101); }, "source"}},
      {"reference", {varied, [](Request& r) { r.images.reference = grey(101); }, "source"}},
      {"to_reference", {varied, [](Request& r) { r.images.to_reference = grey(7); }, "to"}},
      {"strength", {from_a_picture, [](Request& r) { r.settings.strength = 0.3; }, "source"}},
      {"mask", {from_a_picture, [](Request& r) { r.images.mask = grey(200); }, "source"}},
      {"redraw_words", {from_a_picture, [](Request& r) { r.settings.redraw_words = "dog"; }, "source"}},
      {"mask_update",
       {[](Request& r) {
          masked(r);
          r.settings.sampler = "ddim";
        },
        [](Request& r) { r.settings.mask_update = "ding"; }, "source"}},
      {"mask_blur", {masked, [](Request& r) { r.settings.mask_blur = 2; }, "source"}},
      {"mask_fill", {masked, [](Request& r) { r.settings.mask_fill = "noise"; }, "source"}},
      {"only_masked", {masked_in_the_middle, [](Request& r) { r.settings.only_masked = true; }, "source"}},
      {"mask_padding",
       {masked_in_the_middle_alone, [](Request& r) { r.settings.mask_padding = 4; }, "source"}},
      {"extend_left", {from_a_picture, [](Request& r) { r.settings.extend_left = 8; }, "source"}},
      {"extend_right", {from_a_picture, [](Request& r) { r.settings.extend_right = 8; }, "source"}},
      {"extend_top", {from_a_picture, [](Request& r) { r.settings.extend_top = 8; }, "source"}},
      {"extend_bottom", {from_a_picture, [](Request& r) { r.settings.extend_bottom = 8; }, "source"}},
      {"restore", {from_a_picture, [](Request& r) { r.settings.restore = "colorize"; }, "source"}},
      {"blur_sigma", {blurred, [](Request& r) { r.settings.blur_sigma = 3; }, "source"}},
      {"blur_motion", {moved, [](Request& r) { r.settings.blur_motion = "9,40"; }, "source"}},
      {"blur_kernel", {spread, [](Request& r) { r.images.kernel = grey(200, 5); }, "source"}},
      {"upscale_by",
       {small,
        [](Request& r) {
          r.settings.upscale_by = 4;
          r.images.start = grey(100, 32);  // So that the picture keeps its size.
        },
        "source"}},
      {"noise_level", {noised, [](Request& r) { r.settings.noise_level = 12; }, "source"}},
      {"restore_rounds", {small, [](Request& r) { r.settings.restore_rounds = 2; }, "source"}},
      {"invert", {from_a_picture, [](Request& r) { r.settings.invert = true; }, "source"}},
      {"per_token", {to_cat, [](Request& r) { r.settings.per_token = true; }, "per_token"}},
      {"to_prompt", {none, to_cat, "to"}},
      {"to_seed", {none, [](Request& r) { r.settings.to_seed = 9; }, "to"}},
      {"to_image", {inverted, [](Request& r) { r.images.end = grey(7); }, "to"}},
      {"theta", {to_cat, [](Request& r) { r.settings.theta = 0.4; }, "to"}},
      {"style", {guided, [](Request& r) { r.settings.style = "sunset"; }, "turn"}},
      {"position", {guided, [](Request& r) { r.settings.position = 0.4; }, "turn"}},
      {"method", {guided, [](Request& r) { r.settings.method = "lerp"; }, "turn"}},
      {"dial",
       {[](Request& r) { r.settings.style = "doomsday"; },
        [](Request& r) { r.dial = std::make_shared<const Dial>(fitted("doomsday")); }, "turn"}},
      {"style_mask", {guided, [](Request& r) { r.images.style_mask = grey(9); }, "turn"}},
      {"mask_words", {guided, [](Request& r) { r.settings.mask_words = "dog"; }, "turn"}},
      {"style_start", {guided, [](Request& r) { r.settings.style_start = 0.2; }, "turn"}},
      {"style_end", {guided, [](Request& r) { r.settings.style_end = 0.8; }, "turn"}},
      {"style_passes", {anchored, [](Request& r) { r.settings.style_passes = 2; }, "turn"}},
      {"style_guidance", {anchored, [](Request& r) { r.settings.style_guidance = 0.5; }, "turn"}},
  };
  return table;
}

const Model& model() {
  static const auto loaded = Model::load({.model = "", .dtype = "f32", .threads = 2});
  return *loaded;
}

/// One that is told a noise level.
const Model& upscaling_model() {
  const std::string path = std::string(LATENTDIAL_GOLDEN_DIR) + "/models/upscaling";
  static const auto loaded = Model::load({.model = path, .dtype = "f32", .threads = 2});
  return *loaded;
}

/// One that is told what a picture shows.
const Model& unclip_model() {
  const std::string path = std::string(LATENTDIAL_GOLDEN_DIR) + "/models/unclip";
  static const auto loaded = Model::load({.model = path, .dtype = "f32", .threads = 2});
  return *loaded;
}

/// One whose last steps another draws.
const Model& refined_model() {
  const std::string folder = std::string(LATENTDIAL_GOLDEN_DIR) + "/models/";
  static const auto loaded =
      Model::load({.model = folder + "sdxl", .refiner = folder + "refiner", .dtype = "f32", .threads = 2});
  return *loaded;
}

Resolved resolved(const Request& request) {
  OpenedFiles files;
  Request known = request;
  // The standard dial belongs to no model; a given one must belong to this.
  if (known.dial) {
    Dial dial = *known.dial;
    dial.fingerprint = model().info.fingerprint;
    known.dial = std::make_shared<const Dial>(dial);
  }
  if (request.images.reference) return resolve(known, unclip_model(), files);
  if (request.settings.refiner_switch) return resolve(known, refined_model(), files);
  return resolve(known, request.settings.noise_level ? upscaling_model() : model(), files);
}

/// The request before a setting is changed, and after.
std::pair<Resolved, Resolved> both(const Case& one) {
  Request request = a_request();
  one.base(request);
  const Resolved before = resolved(request);
  one.change(request);
  return {before, resolved(request)};
}

std::set<std::string> changed_parts(const Resolved& before, const Resolved& after) {
  const Task &a = before.task, &b = after.task;
  std::set<std::string> parts;
  if (before.second_pass != after.second_pass) parts.insert("second pass");
  if (a.content.words != b.content.words) parts.insert("words");
  if (a.content.per_token != b.content.per_token) parts.insert("per_token");
  if (a.content.to != b.content.to) parts.insert("to");
  if (a.content.guidance != b.content.guidance) parts.insert("guidance");
  if (a.content.sampling != b.content.sampling) parts.insert("sampling");
  if (a.content.source != b.content.source) parts.insert("source");
  if (a.turn != b.turn) parts.insert("turn");
  return parts;
}

TEST(Keys, EverySettingIsTried) {
  Settings settings;
  std::set<std::string> names;
  std::set<std::string> tried = {"loras"};  // They make another model, with a session of its own.
  visit_settings(settings, [&](const Option& option, const auto&) { names.insert(option.name); });
  for (const auto& [name, one] : cases()) tried.insert(name);
  EXPECT_EQ(tried, names);
}

TEST(Keys, ASettingChangesItsPartAndNoOther) {
  for (const auto& [name, one] : cases()) {
    const auto [before, after] = both(one);
    EXPECT_EQ(changed_parts(before, after), (std::set<std::string>{one.part})) << name;
  }
}

TEST(Keys, HowFarAReferenceIsNoisedIsTheSources) {
  Request request = a_request();
  varied(request);
  const Resolved before = resolved(request);
  EXPECT_EQ(before.request.settings.noise_level, 0) << "as pictures say it";
  request.settings.noise_level = 30;
  EXPECT_EQ(changed_parts(before, resolved(request)), std::set<std::string>{"source"});
}

TEST(Keys, WhatHasNoSayIsNoPartOfATask) {
  Request request = a_request();
  const Task plain = resolved(request).task;
  request.settings.strength = 0.2;  // Without a start picture.
  EXPECT_EQ(resolved(request).task, plain);
}

TEST(Keys, AllPositionsOfADialShareATrunkAndNothingElseDoes) {
  for (const auto& [name, one] : cases()) {
    const auto [first, second] = both(one);
    const Task &before = first.task, &after = second.task;
    const Task a{before.content, before.turn.shared()}, b{after.content, after.turn.shared()};
    const auto begins_plain = [](const Turn& turn) { return turn.edits() || turn.follows_path(); };
    const bool edited = begins_plain(before.turn) && begins_plain(after.turn);
    const bool has_no_say = name == "position" || one.part == "second pass";
    EXPECT_EQ(a == b, has_no_say || (edited && one.part == "turn")) << name;
  }
}

TEST(Keys, TheDialAndTheOtherEndHaveNoSayInAnInversion) {
  for (const auto& [name, one] : cases()) {
    const auto [before, after] = both(one);
    const bool has_a_say =
        one.part == "words" || one.part == "guidance" || one.part == "sampling" || one.part == "source";
    EXPECT_EQ(inverted_ends(before.task.content).front() != inverted_ends(after.task.content).front(),
              has_a_say)
        << name;
  }
}

}  // namespace
}  // namespace latentdial::detail
