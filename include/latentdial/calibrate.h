#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "latentdial/dial.h"
#include "latentdial/export.h"
#include "latentdial/pipeline.h"
#include "latentdial/settings.h"

namespace latentdial {

/// The model's styles that keep the scene to the eye move it by up to 1.8 (docs/ruler.md, "The content
/// budget"), for their surfaces are seen too.
inline constexpr double kContentBudget = 2;
inline constexpr std::size_t kMostSeeds = 100;

/// On what a dial is fitted.
struct CalibrationOptions {
  Settings settings;  ///< Style, sampler, steps, guidance and size; prompt and seed come from below.
  /// What the pictures show, without the style.
  std::vector<std::string> prompts = {"a house in the meadow", "a boat by the lake",
                                      "a mountain in the desert", "a flower on the beach"};
  std::vector<std::uint64_t> seeds = {0, 1, 2};  ///< Of each prompt's pictures; 1 to 100.
  int evaluations = 16;                          ///< The meter's, per picture.
  /// How far the scene may move, in distances between two seeds' scenes, as the checkpoint sees them, 0 to
  /// 100: the range ends there. 0: no limit, and none where there is one seed a prompt, nor for an edit that
  /// begins with the picture's own colours and outlines (EditRecipe::colours).
  double content_budget = kContentBudget;
  std::function<void(int pictures)> on_picture = {};  ///< Told how many pictures are made so far.
  /// Told each step of the pictures that are being made or read.
  std::function<void(const StepProgress&)> on_step = {};
  std::stop_token stop;
};

/// Settings, by Option::name, that have no place in a fit: it chooses them, or they would change its scenes.
inline constexpr const char* kNotCalibrated[] = {
    "prompt",       "position",       "method",     "dial",        "style_start", "style_end",
    "style_passes", "style_guidance", "style_mask", "mask_words",  "per_token",   "to_prompt",
    "to_seed",      "theta",          "image",      "strength",    "to_image",    "invert",
    "mask",         "mask_blur",      "mask_fill",  "only_masked", "mask_padding"};

/// Throws invalid_input of the first option that is out of range or at odds with another, or lacks a style.
/// Needs no model.
LATENTDIAL_API void validate(const CalibrationOptions& options);

/// The most pictures that calibrate makes; how many depends on what it finds.
[[nodiscard]] LATENTDIAL_API int most_pictures(const CalibrationOptions& options);

/// What the fit saw at one strength.
struct ResponsePoint {
  double strength = 0;  ///< λ of method `anchored`.
  double mean = 0;      ///< Share of the style that the meter reads, over prompts and seeds.
  double spread = 0;    ///< Its standard deviation.
  double content = 0;   ///< Share of the prompt's content that is kept, as the meter reads that.
  double share = 1;  ///< Of the edit, at which its mean colour comes nearest to the other end's; at most 1.
};

/// A fitted dial and what it was fitted to.
struct Calibration {
  Dial dial;
  std::vector<ResponsePoint> strengthen, weaken;  ///< From the dial's start.
  int pictures = 0;                               ///< Pictures made.
  int used = 0;                                   ///< Prompts × seeds on which the style shows.
};

/// Fits a dial to one style, by the checkpoint alone (docs/method.md, "The calibrated dial"): finds how late
/// the style may begin to act and still come through, reads with the meter how much of it the edited pictures
/// show, and how far past the styled prompt the range goes. Throws invalid_input when the style does not show
/// on this model.
[[nodiscard]] LATENTDIAL_API Calibration calibrate(const Pipeline& pipeline,
                                                   const CalibrationOptions& options);

}  // namespace latentdial
