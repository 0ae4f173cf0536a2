#include "diffusion/linear_combination.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "latentdial/error.h"

namespace latentdial {

Tensor linear_combination(std::initializer_list<Term> terms) {
  const Tensor& first = terms.begin()->tensor;
  for (const Term& term : terms) {
    if (term.tensor.dtype() != DType::f32 || term.tensor.shape() != first.shape()) {
      throw Error(ErrorCode::internal,
                  fmt::format("linear_combination: f32 tensors of one shape expected, got {} and {}",
                              to_string(first.shape()), to_string(term.tensor.shape())));
    }
  }
  Tensor result = Tensor::empty(first.shape());
  constexpr std::size_t kChunk = 256;  // A double accumulator that stays in cache.
  double sums[kChunk];
  const std::span<float> out = result.values();
  for (std::size_t begin = 0; begin < out.size(); begin += kChunk) {
    const std::size_t count = std::min(kChunk, out.size() - begin);
    std::fill_n(sums, count, 0.0);
    for (const Term& term : terms) {
      const float* values = term.tensor.values().data() + begin;
      for (std::size_t i = 0; i < count; ++i) {
        sums[i] += term.factor * static_cast<double>(values[i]);
      }
    }
    std::transform(sums, sums + count, out.data() + begin,
                   [](double sum) { return static_cast<float>(sum); });
  }
  return result;
}

Tensor noised(const Tensor& x0, const Tensor& noise, double alpha_cumprod) {
  return linear_combination({{std::sqrt(alpha_cumprod), x0}, {std::sqrt(1 - alpha_cumprod), noise}});
}

}  // namespace latentdial
