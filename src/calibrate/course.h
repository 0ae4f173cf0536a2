#pragma once

#include <vector>

#include "latentdial/calibrate.h"

namespace latentdial::detail {

/// A dial's points from what its fit saw at rising strengths: each at its mean reading. Where readings fall
/// the monotone curve with the least squares takes their place (pool adjacent violators), and points are kept
/// apart by a hundredth. An end from 0.95 on is 1.
[[nodiscard]] std::vector<DialPoint> course_of(const std::vector<ResponsePoint>& response);

}  // namespace latentdial::detail
