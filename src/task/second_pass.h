#pragma once

#include <memory>
#include <string>

#include "latentdial/request.h"
#include "latentdial/upscaler.h"
#include "task/picture_size.h"

namespace latentdial::detail {

/// How a finished picture is enlarged and drawn again under the same words.
struct SecondPass {
  int width = 0, height = 0;                     ///< Pixels.
  std::string with = {};                         ///< As Settings::hires_with; never empty.
  std::shared_ptr<const Upscaler> network = {};  ///< Null where `with` is "latent" or "lanczos".
  double strength = 0.7;                         ///< How far the enlarged picture is noised, 0 to 1.
  int steps = 50;
  bool operator==(const SecondPass&) const = default;
};

/// Whether the settings ask for one.
[[nodiscard]] bool draws_twice(const Settings& settings);

/// Whether they name a network's file to enlarge the picture by.
[[nodiscard]] bool names_network(const Settings& settings);

/// Throws invalid_input where the settings of a second pass are at odds, or given without one.
void check_second_pass(const Request& request);

/// The size of the second pass of a picture whose size is known: sides are cut to multiples of `multiple`.
[[nodiscard]] PictureSize second_size(const Settings& settings, int multiple);

/// Of settings with every default filled in; `network` is what they name.
[[nodiscard]] SecondPass second_pass_of(const Settings& settings, int multiple,
                                        std::shared_ptr<const Upscaler> network);

}  // namespace latentdial::detail
