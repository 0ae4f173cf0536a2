#include "weights/lora_algebra.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "tensor/arithmetic.h"

namespace latentdial::detail {
namespace {

/// to += factor · from.
void add_row(float* to, float factor, const float* from, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) to[i] += factor * from[i];
}

/// A square matrix in double.
struct Square {
  explicit Square(std::int64_t n) : size(n), values(static_cast<std::size_t>(n * n)) {}
  double* row(std::int64_t i) { return values.data() + i * size; }
  std::int64_t size;
  std::vector<double> values;
};

/// Makes `right` left⁻¹ · right by Gauss and Jordan; left is I − Q, whose pivots do not vanish, since its
/// symmetric part is I.
void divide_by(Square& left, Square& right) {
  const std::int64_t n = left.size;
  const auto scale_row = [n](double* row, double factor) {
    for (std::int64_t i = 0; i < n; ++i) row[i] *= factor;
  };
  const auto take_away = [n](double* row, double factor, const double* other) {
    for (std::int64_t i = 0; i < n; ++i) row[i] -= factor * other[i];
  };
  for (std::int64_t pivot = 0; pivot < n; ++pivot) {
    const double inverse = 1 / left.row(pivot)[pivot];
    scale_row(left.row(pivot), inverse);
    scale_row(right.row(pivot), inverse);
    for (std::int64_t row = 0; row < n; ++row) {
      const double factor = left.row(row)[pivot];
      if (row == pivot || factor == 0) continue;
      take_away(left.row(row), factor, left.row(pivot));
      take_away(right.row(row), factor, right.row(pivot));
    }
  }
}

/// What brings the norm of all Q = block − blockᵀ down to `most`.
double shrinking(const Tensor& blocks, double most) {
  if (most <= 0) return 1;
  const std::int64_t n = blocks.dim(1);
  double sum = 0;
  const float* block = blocks.data<float>();
  for (std::int64_t b = 0; b < blocks.dim(0); ++b, block += n * n)
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t j = 0; j < n; ++j) sum += std::pow(block[i * n + j] - block[j * n + i], 2);
  return sum > most * most ? most / std::sqrt(sum) : 1;
}

}  // namespace

Tensor product(const Tensor& a, const Tensor& b) {
  const std::int64_t rows = a.dim(0), inner = a.dim(1), columns = b.dim(1);
  Tensor result = Tensor::zeros({rows, columns});
#pragma omp parallel for
  for (std::int64_t row = 0; row < rows; ++row)
    for (std::int64_t k = 0; k < inner; ++k)
      add_row(result.data<float>() + row * columns, a.data<float>()[row * inner + k],
              b.data<float>() + k * columns, columns);
  return result;
}

Tensor tucker(const Tensor& a, const Tensor& core, const Tensor& b) {
  const std::int64_t outputs = a.dim(1), middle = b.dim(0), inputs = b.dim(1);
  const std::int64_t kernel = core.count() / (core.dim(0) * middle);
  const Tensor half = product(transposed(a), core.reshape({core.dim(0), middle * kernel}));  // [P, J·K]
  Tensor result = Tensor::zeros({outputs, inputs * kernel});
#pragma omp parallel for
  for (std::int64_t p = 0; p < outputs; ++p)
    for (std::int64_t j = 0; j < middle; ++j)
      for (std::int64_t r = 0; r < inputs; ++r)
        add_row(result.data<float>() + (p * inputs + r) * kernel, b.data<float>()[j * inputs + r],
                half.data<float>() + (p * middle + j) * kernel, kernel);
  return result;
}

Tensor hadamard(Tensor a, const Tensor& b) {
  const auto from = b.values();
  const auto to = a.values();
  for (std::size_t i = 0; i < to.size(); ++i) to[i] *= from[i];
  return a;
}

Tensor kronecker(const Tensor& a, const Tensor& b) {
  const std::int64_t rows = b.dim(0), width = b.dim(1), outer = a.dim(1);
  Tensor result = Tensor::zeros({a.dim(0) * rows, outer * width});
#pragma omp parallel for
  for (std::int64_t row = 0; row < result.dim(0); ++row)
    for (std::int64_t j = 0; j < outer; ++j)
      add_row(result.data<float>() + (row * outer + j) * width, a.data<float>()[row / rows * outer + j],
              b.data<float>() + row % rows * width, width);
  return result;
}

Tensor cayley(const Tensor& blocks, double most) {
  const std::int64_t n = blocks.dim(1);
  const double shrink = shrinking(blocks, most);
  Tensor result = Tensor::empty(blocks.shape());
#pragma omp parallel for
  for (std::int64_t b = 0; b < blocks.dim(0); ++b) {
    const float* block = blocks.data<float>() + b * n * n;
    Square minus(n), plus(n);
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t j = 0; j < n; ++j) {
        const double q = shrink * (static_cast<double>(block[i * n + j]) - block[j * n + i]);
        plus.row(i)[j] = (i == j ? 1 : 0) + q;
        minus.row(i)[j] = (i == j ? 1 : 0) - q;
      }
    divide_by(minus, plus);  // (I − Q)⁻¹ and I + Q commute.
    std::ranges::transform(plus.values, result.data<float>() + b * n * n,
                           [](double value) { return static_cast<float>(value); });
  }
  return result;
}

Tensor turned(const Tensor& blocks, const Tensor& weight) {
  const std::int64_t n = blocks.dim(1), columns = weight.dim(1);
  Tensor result = Tensor::zeros(weight.shape());
#pragma omp parallel for
  for (std::int64_t row = 0; row < weight.dim(0); ++row) {
    const std::int64_t first = row / n * n, within = row % n;
    for (std::int64_t k = 0; k < n; ++k)
      add_row(result.data<float>() + row * columns, blocks.data<float>()[(first + k) * n + within],
              weight.data<float>() + (first + k) * columns, columns);
  }
  return result;
}

}  // namespace latentdial::detail
