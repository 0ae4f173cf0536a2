#include "session/visible_change.h"

#include <cmath>
#include <cstddef>

namespace latentdial::detail {
namespace {

/// Weighted sums of one channel of both pictures.
struct Sums {
  double weight = 0, a = 0, b = 0, squares = 0, change = 0;

  void add(double w, double x, double y) {
    weight += w;
    a += w * x;
    b += w * y;
    squares += w * (x * x + y * y);
    change += w * (x - y) * (x - y);
  }
  /// The mean of (x − y)² over all pairs of pixels, times the weight.
  [[nodiscard]] double unrelated() const { return weight == 0 ? 0 : squares - 2 * a * b / weight; }
};

}  // namespace

double visible_change(const Tensor& before, const Tensor& after, const Tensor& mask) {
  const auto channels = static_cast<std::size_t>(before.dim(-1));
  double change = 0, unrelated = 0, weight = 0;
  for (std::size_t c = 0; c < channels; ++c) {
    Sums sums;
    for (std::size_t i = c; i < before.values().size(); i += channels)
      sums.add(mask.defined() ? mask.values()[i / channels] : 1.0, before.values()[i], after.values()[i]);
    change += sums.change;
    unrelated += sums.unrelated();
    weight += sums.weight;
  }
  if (weight == 0) return 1;
  return unrelated > 0 ? std::sqrt(change / unrelated) : 0;
}

}  // namespace latentdial::detail
