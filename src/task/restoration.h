#pragma once

#include <optional>
#include <string>
#include <vector>

#include "latentdial/request.h"
#include "task/picture_size.h"

namespace latentdial::detail {

/// One pass of a blur: each pixel becomes a sum of some around it.
struct BlurPass {
  struct Tap {
    int dx = 0, dy = 0;
    float weight = 0;
    bool operator==(const Tap&) const = default;
  };
  std::vector<Tap> taps;  ///< Their weights sum to 1.
  bool operator==(const BlurPass&) const = default;
};

/// What is known of the picture that is to be made: a worse copy, and how it came to be that.
struct Restoration {
  enum class Lost { colors, sharpness, size };
  Lost lost = Lost::colors;
  InputImage known;           ///< The copy, its edge repeated to the right and below up to whole latents.
  int width = 0, height = 0;  ///< Pixels of the picture that comes out, without those.
  int by = 1;                 ///< Lost size: how many pixels a side were averaged to one.
  std::vector<BlurPass> blur = {};  ///< Lost sharpness.
  int rounds = 1;
  bool operator==(const Restoration&) const = default;
};

/// Whether the settings ask for one.
[[nodiscard]] bool restores(const Settings& settings);

/// Throws invalid_input where the settings of a restoration are at odds, or given without one.
void check_restoration(const Request& request);

/// The size that is drawn: of the copy's, or as many times that as it becomes, up to multiples of `multiple`.
/// Here and below upscale_by is known where it is upscaled.
[[nodiscard]] PictureSize restored_size(const Settings& settings, const Image& copy, int multiple);

/// `copy` is the start image, `kernel` the picture of what a point of light became. Throws invalid_input of
/// `blur_kernel` where that is none. The picture's sides are multiples of `multiple` with what is repeated.
[[nodiscard]] Restoration restoration_of(const Settings& settings, const InputImage& copy, int multiple,
                                         const std::optional<InputImage>& kernel = {});

}  // namespace latentdial::detail
