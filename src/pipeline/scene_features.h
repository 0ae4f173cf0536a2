#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "latentdial/pipeline.h"
#include "reading/scene.h"

namespace latentdial::detail {

/// A picture, and the words under which the denoiser is to look at it.
struct DescribedPicture {
  Image image;
  std::string prompt;
};

/// What each picture is of. Pictures are resized and cropped to the model's own size. Throws
/// Error(cancelled).
[[nodiscard]] std::vector<SceneFeatures> scene_features(const Pipeline& pipeline,
                                                        const std::vector<DescribedPicture>& pictures,
                                                        const std::stop_token& stop = {});

}  // namespace latentdial::detail
