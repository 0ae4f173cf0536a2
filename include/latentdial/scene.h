#pragma once

#include <string>
#include <vector>

#include "latentdial/image.h"

namespace latentdial {

/// A picture, and the words under which the U-Net is to look at it.
struct SeenPicture {
  Image image;
  std::string prompt;
};

/// What a picture is of, whatever its style, as a checkpoint sees it: a vector of length 1.
using SceneFeatures = std::vector<float>;

/// 1 − cosine: 0 for one scene, more for others. Only a comparison with other distances of one checkpoint
/// says how much.
[[nodiscard]] double scene_distance(const SceneFeatures& a, const SceneFeatures& b);

}  // namespace latentdial
