#include "jumps.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

#include "latentdial/explanation.h"
#include "latentdial/image.h"

namespace latentdial::cli {
namespace {

constexpr double kMostOfMean = 2;
constexpr double kVisible = 0.02;  // Of the full range of a pixel: smaller steps are no jumps to anyone.

/// How much each frame differs from the one before, 0 to 1.
std::vector<double> steps_of(const Strip& strip, const std::filesystem::path& folder) {
  std::vector<double> steps;
  Image before;
  for (std::size_t i = 0; i < strip.frames.size(); ++i) {
    Image after = read_image(folder / frame_name(i));
    if (i > 0) steps.push_back(mean_change(before, after));
    before = std::move(after);
  }
  return steps;
}

}  // namespace

void warn_of_jump(const Strip& strip, const std::filesystem::path& folder, const OutputOptions& output) {
  const auto steps = steps_of(strip, folder);
  const auto moving = std::ranges::count_if(steps, [](double step) { return step > 0; });
  if (moving < 2) return;
  const auto largest = std::ranges::max_element(steps);
  const double mean = std::accumulate(steps.begin(), steps.end(), 0.0) / static_cast<double>(moving);
  if (*largest < kVisible || *largest <= kMostOfMean * mean) return;
  const auto i = static_cast<std::size_t>(largest - steps.begin());
  notice(output, fmt::format("between {} and {} the picture jumps, by {:.1f} times the mean step",
                             strip.labels[i].front(), strip.labels[i + 1].front(), *largest / mean));
}

}  // namespace latentdial::cli
