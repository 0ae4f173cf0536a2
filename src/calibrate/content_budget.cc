#include "calibrate/content_budget.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>

namespace latentdial::detail {
namespace {

constexpr double kPrecision = 0.02;

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

Image mixed(const Image& a, const Image& b, double share) {
  Image image = a;
  for (std::size_t i = 0; i < image.rgb.size(); ++i)
    image.rgb[i] = static_cast<std::uint8_t>(std::lround(std::lerp(a.rgb[i], b.rgb[i], share)));
  return image;
}

/// The picture of a scene at a position between the side's ends.
Image picture_at(double position, const std::vector<double>& positions, const DialledScene& scene) {
  std::size_t i = 1;
  while (i + 1 < positions.size() && std::abs(positions[i]) < std::abs(position)) ++i;
  return mixed(scene.points[i - 1], scene.points[i],
               (position - positions[i - 1]) / (positions[i] - positions[i - 1]));
}

}  // namespace

double distance_of_seeds(const Pipeline& pipeline, const std::vector<DescribedPicture>& pictures,
                         const std::stop_token& stop) {
  const auto features = scene_features(pipeline, pictures, stop);
  std::vector<double> distances;
  for (std::size_t i = 0; i < features.size(); ++i)
    for (std::size_t k = i + 1; k < features.size(); ++k)
      if (pictures[i].prompt == pictures[k].prompt)
        distances.push_back(scene_distance(features[i], features[k]));
  return median(distances);
}

double end_within_budget(const Pipeline& pipeline, const std::vector<double>& positions,
                         const std::vector<DialledScene>& scenes, double budget,
                         const std::stop_token& stop) {
  std::vector<DescribedPicture> starts;
  for (const auto& scene : scenes) starts.push_back({scene.points.front(), scene.prompt});
  const auto from = scene_features(pipeline, starts, stop);
  const auto keeps_the_scene = [&](double position) {
    std::vector<DescribedPicture> styled;
    for (const auto& scene : scenes)
      styled.push_back({picture_at(position, positions, scene), scene.styled_prompt});
    const auto to = scene_features(pipeline, styled, stop);
    std::vector<double> distances;
    std::ranges::transform(from, to, std::back_inserter(distances), scene_distance);
    return median(distances) <= budget;
  };
  double within = 0, beyond = positions.back();
  if (keeps_the_scene(beyond)) return beyond;
  while (std::abs(beyond - within) > kPrecision) {
    const double middle = (within + beyond) / 2;
    (keeps_the_scene(middle) ? within : beyond) = middle;
  }
  return within;
}

}  // namespace latentdial::detail
