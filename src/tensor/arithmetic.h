#pragma once

#include <initializer_list>
#include <span>
#include <string_view>

#include "tensor/tensor.h"

namespace latentdial::detail {

/// One term of a sum: factor · tensor, at each place times the mask's value there.
struct Term {
  double factor;
  const Tensor& tensor;          ///< f32 [..., C].
  const Tensor* mask = nullptr;  ///< f32 [..., 1]; none: 1 everywhere.
};

/// Σ factor · tensor, element by element; at least one term, f32 tensors of one shape, summed in double in
/// the terms' order and rounded once. Throws internal for other types and shapes.
[[nodiscard]] Tensor linear_combination(std::span<const Term> terms);
[[nodiscard]] Tensor linear_combination(std::initializer_list<Term> terms);

/// out = a·x + b·y of spans of one length, in double and rounded once.
void blend(double a, std::span<const float> x, double b, std::span<const float> y, std::span<float> out);

/// sum += factor · x of f32 tensors of one shape: the product in double, rounded and then added.
void add_scaled(Tensor& sum, double factor, const Tensor& x);

/// factor · x, written over x; f32, each product rounded once.
[[nodiscard]] Tensor scaled(Tensor x, double factor);

/// f32 [..., A] and [..., B] of as many rows → [..., A+B].
[[nodiscard]] Tensor beside(const Tensor& a, const Tensor& b);

/// a [N,M] → [M,N].
[[nodiscard]] Tensor transposed(const Tensor& a);

/// Whether no value is infinite or not a number.
[[nodiscard]] bool all_finite(std::span<const float> values);

/// Throws internal, "PART: not a number after WHERE …", unless all values of an f32 tensor are finite.
void require_finite(const Tensor& x, std::string_view part, std::string_view where);

/// Σ x·y in double; spans of one length.
[[nodiscard]] double dot(std::span<const float> x, std::span<const float> y);

}  // namespace latentdial::detail
