#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "pipeline/scene_features.h"

namespace latentdial::detail {

/// One prompt and seed on one side of a dial.
struct DialledScene {
  std::string prompt;         ///< What the picture at 0 was made of.
  std::string styled_prompt;  ///< What the others are turned to.
  std::vector<Image> points;  ///< The picture at each of the side's points, from 0 on.
};

/// How far pictures of one prompt by different seeds are apart: the median over all pairs, 0 where there are
/// none.
[[nodiscard]] double distance_of_seeds(const Pipeline& pipeline,
                                       const std::vector<DescribedPicture>& pictures,
                                       const std::stop_token& stop);

/// The furthest of a side's positions up to which half of the scenes stay within `budget` of their picture at
/// 0. `positions` are those of the points, from 0 outwards; between two, their pictures are mixed.
[[nodiscard]] double end_within_budget(const Pipeline& pipeline, const std::vector<double>& positions,
                                       const std::vector<DialledScene>& scenes, double budget,
                                       const std::stop_token& stop);

}  // namespace latentdial::detail
