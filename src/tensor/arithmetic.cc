#include "tensor/arithmetic.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "latentdial/error.h"

namespace latentdial::detail {
namespace {

constexpr std::size_t kChunk = 256;  // A double accumulator that stays in cache.

void check(std::span<const Term> terms) {
  const Shape& shape = terms.front().tensor.shape();
  for (const Term& term : terms) {
    if (term.tensor.dtype() == DType::f32 && term.tensor.shape() == shape) continue;
    throw Error(ErrorCode::internal,
                fmt::format("linear_combination: f32 tensors of one shape expected, got {} and {}",
                            to_string(shape), to_string(term.tensor.shape())));
  }
}

/// Adds elements [begin, begin + sums.size()) of a term.
void add(const Term& term, std::size_t begin, std::span<double> sums) {
  const float* values = term.tensor.values().data() + begin;
  if (term.mask == nullptr) {
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += term.factor * static_cast<double>(values[i]);
    return;
  }
  const auto channels = static_cast<std::size_t>(term.tensor.dim(-1));
  const std::span<const float> mask = term.mask->values();
  for (std::size_t i = 0; i < sums.size(); ++i)
    sums[i] += term.factor * mask[(begin + i) / channels] * static_cast<double>(values[i]);
}

}  // namespace

Tensor linear_combination(std::span<const Term> terms) {
  check(terms);
  Tensor result = Tensor::empty(terms.front().tensor.shape());
  double chunk[kChunk];
  const std::span<float> out = result.values();
  for (std::size_t begin = 0; begin < out.size(); begin += kChunk) {
    const std::span<double> sums(chunk, std::min(kChunk, out.size() - begin));
    std::fill(sums.begin(), sums.end(), 0.0);
    for (const Term& term : terms) add(term, begin, sums);
    std::transform(sums.begin(), sums.end(), out.data() + begin,
                   [](double sum) { return static_cast<float>(sum); });
  }
  return result;
}

Tensor linear_combination(std::initializer_list<Term> terms) {
  return linear_combination(std::span(terms.begin(), terms.size()));
}

void blend(double a, std::span<const float> x, double b, std::span<const float> y, std::span<float> out) {
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<float>(a * x[i] + b * y[i]);
}

void add_scaled(Tensor& sum, double factor, const Tensor& x) {
  const std::span<float> out = sum.values();
  const std::span<const float> values = std::as_const(x).values();
  for (std::size_t i = 0; i < out.size(); ++i) out[i] += static_cast<float>(factor * values[i]);
}

Tensor scaled(Tensor x, double factor) {
  for (float& value : x.values()) value = static_cast<float>(value * factor);
  return x;
}

Tensor beside(const Tensor& a, const Tensor& b) {
  Shape shape = a.shape();
  shape.back() += b.dim(-1);
  Tensor result = Tensor::empty(shape);
  auto to = result.values().begin();
  const auto left = static_cast<std::size_t>(a.dim(-1)), right = static_cast<std::size_t>(b.dim(-1));
  for (std::size_t row = 0; row * left < a.values().size(); ++row) {
    to = std::ranges::copy(a.values().subspan(row * left, left), to).out;
    to = std::ranges::copy(b.values().subspan(row * right, right), to).out;
  }
  return result;
}

Tensor transposed(const Tensor& a) {
  const std::int64_t rows = a.dim(0), columns = a.dim(1);
  Tensor result = Tensor::empty({columns, rows});
  for (std::int64_t row = 0; row < rows; ++row)
    for (std::int64_t column = 0; column < columns; ++column)
      result.data<float>()[column * rows + row] = a.data<float>()[row * columns + column];
  return result;
}

bool all_finite(std::span<const float> values) {
  constexpr std::uint32_t kExponent = 0x7f800000u;
  std::uint32_t found = 0;  // Without branches, so that the compiler can vectorise it.
  for (const float value : values)
    found |= static_cast<std::uint32_t>((std::bit_cast<std::uint32_t>(value) & kExponent) == kExponent);
  return found == 0;
}

void require_finite(const Tensor& x, std::string_view part, std::string_view where) {
  if (all_finite(x.values())) return;
  throw Error(ErrorCode::internal,
              fmt::format("{}: not a number after {}: the model, a LoRA, an embedding or the noise schedule "
                          "does not fit the others, or is damaged",
                          part, where));
}

double dot(std::span<const float> x, std::span<const float> y) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += static_cast<double>(x[i]) * y[i];
  return sum;
}

}  // namespace latentdial::detail
