#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "latentdial/dial.h"

namespace latentdial {

/// What is to be read from a picture.
struct Measurement {
  std::string style = {};  ///< The style, or any described feature.
  std::string prompt =
      {};  ///< What the picture shows; the style is taken out where it names that. May be empty.
  std::string words = kStyleAfterPrompt;  ///< How the style is put to the prompt, as Dial::words has it.
  int evaluations = 16;                   ///< U-Net evaluations per picture, even, 2 to 1000.
  std::uint64_t seed = 0;                 ///< Of the noise; the same noise for every picture.
};

/// What one noised copy of a picture says, by latent channel. With d = prediction("PROMPT, STYLE") −
/// prediction(PROMPT) and e = truth − prediction(PROMPT), sums over the pixels:
struct MeterSample {
  double timestep = 0;
  std::vector<double> projection;  ///< Σ e·d
  std::vector<double> length;      ///< Σ d·d
  std::vector<double> residual;    ///< Σ e·e
};

/// Above this standard error a reading tells nothing: the model hardly knows the style.
inline constexpr double kMostStandardError = 0.2;

/// How much of a style a picture shows: 0 none, 1 as much as a picture made from "PROMPT, STYLE".
struct Reading {
  double strength = 0;
  double standard_error = 0;  ///< Of `strength`, from the spread of its samples.
  std::vector<MeterSample> samples;
  [[nodiscard]] bool tells() const { return standard_error <= kMostStandardError; }
};

}  // namespace latentdial
