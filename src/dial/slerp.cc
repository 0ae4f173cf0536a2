#include "dial/slerp.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <span>

#include "latentdial/error.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail {
namespace {

constexpr double kNearlyParallel = 0.9995;

void check_same_shape(const Tensor& a, const Tensor& b) {
  if (a.shape() == b.shape()) return;
  throw Error(ErrorCode::internal, fmt::format("interpolation: shapes {} and {} differ", to_string(a.shape()),
                                               to_string(b.shape())));
}

/// cos Ω, or 1 where an end is zero and has no direction.
double cosine(std::span<const float> a, std::span<const float> b) {
  const double norms = std::sqrt(dot(a, a) * dot(b, b));
  return norms > 0 ? std::clamp(dot(a, b) / norms, -1.0, 1.0) : 1.0;
}

void slerp_vector(std::span<const float> a, std::span<const float> b, double theta, std::span<float> out) {
  const double cos_omega = cosine(a, b);
  if (std::abs(cos_omega) > kNearlyParallel) return blend(1 - theta, a, theta, b, out);
  const double omega = std::acos(cos_omega);
  blend(std::sin((1 - theta) * omega) / std::sin(omega), a, std::sin(theta * omega) / std::sin(omega), b,
        out);
}

/// Runs `interpolate` over rows of `width`, with both ends exact.
Tensor by_rows(const Tensor& a, const Tensor& b, double theta, std::int64_t width,
               const std::function<void(std::span<const float>, std::span<const float>, std::span<float>)>&
                   interpolate) {
  check_same_shape(a, b);
  if (theta == 0 || theta == 1) return (theta == 0 ? a : b).clone();
  Tensor out = Tensor::empty(a.shape());
  const auto n = static_cast<std::size_t>(width);
  for (std::size_t row = 0; row + n <= a.values().size(); row += n) {
    interpolate(a.values().subspan(row, n), b.values().subspan(row, n), out.values().subspan(row, n));
  }
  return out;
}

}  // namespace

Tensor slerp(const Tensor& a, const Tensor& b, double theta) {
  return by_rows(a, b, theta, a.count(), [&](auto x, auto y, auto out) { slerp_vector(x, y, theta, out); });
}

Tensor slerp_per_token(const Tensor& a, const Tensor& b, double theta) {
  return by_rows(a, b, theta, a.dim(-1), [&](auto x, auto y, auto out) { slerp_vector(x, y, theta, out); });
}

Tensor lerp(const Tensor& a, const Tensor& b, double theta) {
  return by_rows(a, b, theta, a.count(),
                 [&](auto x, auto y, auto out) { blend(1 - theta, x, theta, y, out); });
}

}  // namespace latentdial::detail
