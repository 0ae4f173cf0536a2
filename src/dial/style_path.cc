#include "dial/style_path.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace latentdial::detail {

StylePath::Between StylePath::around(double position) const {
  const auto inner =
      std::ranges::upper_bound(keys_.begin() + 1, keys_.end() - 1, position, {}, &DialPoint::position);
  const auto above = static_cast<std::size_t>(inner - keys_.begin());
  const double from = keys_[above - 1].position, step = keys_[above].position - from;
  const double share = step > 0 ? (position - from) / step : 0;
  return {above - 1, above, std::clamp(share, 0.0, 1.0)};
}

double StylePath::strength_at(double position) const {
  const auto [below, above, share] = around(position);
  return std::lerp(keys_[below].strength, keys_[above].strength, share);
}

double StylePath::widest() const {
  std::size_t widest = 1;
  const auto gap = [&](std::size_t i) { return keys_[i].position - keys_[i - 1].position; };
  for (std::size_t i = 1; i < keys_.size(); ++i)
    if (gap(i) > gap(widest)) widest = i;
  return std::midpoint(keys_[widest - 1].strength, keys_[widest].strength);
}

std::vector<DialPoint> by_distance(const std::vector<double>& strengths, const std::vector<double>& steps) {
  const double whole = std::accumulate(steps.begin(), steps.end(), 0.0);
  std::vector<DialPoint> keys;
  double walked = 0;
  for (std::size_t i = 0; i < strengths.size(); ++i) {
    if (i > 0) walked += steps[i - 1];
    // Where nothing changes, all shares are right; those of the strength are the plainest.
    keys.push_back({whole > 0 ? walked / whole : strengths[i] / strengths.back(), strengths[i]});
  }
  return keys;
}

}  // namespace latentdial::detail
