#include "dial/style_path.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace latentdial::detail {

StylePath::StylePath(std::vector<double> strengths, const std::vector<double>& steps)
    : strengths_(std::move(strengths)), positions_{0} {
  for (const double step : steps) positions_.push_back(positions_.back() + step);
  const double whole = positions_.back();
  // Where nothing changes, all shares are right; those of the strength are the plainest.
  for (std::size_t i = 0; i < positions_.size(); ++i)
    positions_[i] = whole > 0 ? positions_[i] / whole : strengths_[i] / strengths_.back();
}

StylePath::Between StylePath::around(double position) const {
  const auto inner = std::upper_bound(positions_.begin() + 1, positions_.end() - 1, position);
  const auto above = static_cast<std::size_t>(inner - positions_.begin());
  const double from = positions_[above - 1], step = positions_[above] - from;
  const double share = step > 0 ? (position - from) / step : 0;
  return {above - 1, above, std::clamp(share, 0.0, 1.0)};
}

double StylePath::strength_at(double position) const {
  const auto [below, above, share] = around(position);
  return std::lerp(strengths_[below], strengths_[above], share);
}

double StylePath::widest() const {
  std::size_t widest = 1;
  for (std::size_t i = 1; i < positions_.size(); ++i)
    if (positions_[i] - positions_[i - 1] > positions_[widest] - positions_[widest - 1]) widest = i;
  return std::midpoint(strengths_[widest - 1], strengths_[widest]);
}

}  // namespace latentdial::detail
