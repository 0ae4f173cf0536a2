#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "latentdial/dial.h"
#include "latentdial/export.h"
#include "latentdial/pipeline.h"
#include "latentdial/settings.h"

namespace latentdial {

inline constexpr std::size_t kMostSeeds = 100;

/// On what a dial is fitted.
struct CalibrationOptions {
  Settings settings;  ///< Style, sampler, steps, guidance and size; prompt and seed come from below.
  /// What the pictures show, without the style.
  std::vector<std::string> prompts = {"a house in the meadow", "a boat by the lake",
                                      "a mountain in the desert", "a flower on the beach"};
  std::vector<std::uint64_t> seeds = {0};             ///< Of each prompt's pictures; 1 to 100.
  int evaluations = 16;                               ///< The meter's, per picture.
  std::function<void(int pictures)> on_picture = {};  ///< Told how many pictures are made so far.
  /// Told each step of the pictures that are being made or read.
  std::function<void(const StepProgress&)> on_step = {};
  std::stop_token stop;
};

/// Settings, by Option::name, that have no place in a fit: it chooses them, or they would change its scenes.
inline constexpr const char* kNotCalibrated[] = {
    "prompt",       "position",       "method",         "dial",        "style_start",  "style_end",
    "style_passes", "style_guidance", "style_mask",     "mask_words",  "per_token",    "to_prompt",
    "to_seed",      "theta",          "image",          "strength",    "to_image",     "invert",
    "mask",         "mask_blur",      "mask_fill",      "only_masked", "mask_padding", "extend_left",
    "extend_right", "extend_top",     "extend_bottom",  "reuse",       "restore",      "blur_sigma",
    "blur_motion",  "upscale_by",     "restore_rounds", "hires",       "hires_with",   "hires_strength",
    "hires_steps",  "noise_level",    "redraw_words",   "mask_update", "blur_kernel",  "loras",
    "reference",    "to_reference"};

/// Throws invalid_input of the first option that is out of range or at odds with another, or lacks a style.
/// Needs no model.
LATENTDIAL_API void validate(const CalibrationOptions& options);

/// The most pictures that calibrate makes; how many depends on what it finds.
[[nodiscard]] LATENTDIAL_API int most_pictures(const CalibrationOptions& options);

/// What the fit saw at one strength.
struct ResponsePoint {
  double strength = 0;  ///< Of the style's words; 1 is their own.
  double mean = 0;      ///< Share of the style that the meter reads, over prompts and seeds.
  double spread = 0;    ///< Its standard deviation.
  /// Share of the prompt's content that is kept, as the meter reads that; above strength 1.
  std::optional<double> content = {};
};

/// A fitted dial and what it was fitted to.
struct Calibration {
  Dial dial;
  std::vector<ResponsePoint> response;  ///< By rising strength.
  int pictures = 0;                     ///< Pictures made.
  int used = 0;                         ///< Prompts × seeds on which the style shows.
};

/// Fits a dial to one style, by the checkpoint alone (docs/method.md, "The calibrated dial"): reads with the
/// meter how much of it pictures of several strengths show, and how far past the styled prompt the range
/// goes. Throws invalid_input when the style does not show on this model.
[[nodiscard]] LATENTDIAL_API Calibration calibrate(const Pipeline& pipeline,
                                                   const CalibrationOptions& options);

}  // namespace latentdial
