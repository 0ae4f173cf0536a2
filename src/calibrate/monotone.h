#pragma once

#include <vector>

namespace latentdial {

/// The non-decreasing sequence nearest to `values` in the mean square (pool adjacent violators; Barlow et al.
/// 1972).
[[nodiscard]] std::vector<double> isotonic(const std::vector<double>& values);

/// x at which the polyline through (xs, ys), both non-decreasing, first reaches y; held at its ends.
[[nodiscard]] double inverse(const std::vector<double>& xs, const std::vector<double>& ys, double y);

}  // namespace latentdial
