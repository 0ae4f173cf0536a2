#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "ops/ops.h"
#include "weights/weights.h"

/// The layers that models are built of. A constructor binds and packs the weights of its scope; `operator()`
/// runs.
namespace latentdial::detail::models {

/// The packed weights of a model's layers, for another model that differs from it in few of them.
using PackedLayers = std::map<std::string, ops::PackedWeight>;

/// Where a layer finds its weights, the back end that packs and runs them, and whether that may save bits.
struct Scope {
  Weights weights;
  const ops::Backend* ops;
  ops::Precision precision = ops::Precision::reducible;
  PackedLayers* keep = nullptr;          ///< Gets what is packed of unchanged weights.
  const PackedLayers* packed = nullptr;  ///< Where that is taken from, with the same back end.

  [[nodiscard]] Scope operator/(std::string_view child) const {
    return {weights / child, ops, precision, keep, packed};
  }
  [[nodiscard]] Scope in_full() const { return {weights, ops, ops::Precision::full, keep, packed}; }
  /// What `pack` makes of the tensor `name` here, and of a bias beside it; or the same as it was packed
  /// before.
  [[nodiscard]] ops::PackedWeight pack_once(std::string_view name,
                                            const std::function<ops::PackedWeight()>& pack) const;
};

/// y = x·Wᵀ + b over the last axis.
class Linear {
 public:
  Linear(const Scope& scope, std::int64_t in, std::int64_t out, bool bias = true);
  Tensor operator()(const Tensor& x /*[…,in]*/, ops::Epilogue epilogue = {}) const;

 private:
  const ops::Backend* ops_;
  ops::PackedWeight weight_;
};

/// Two-dimensional convolution, `kernel` × `kernel`.
class Conv2d {
 public:
  Conv2d(const Scope& scope, std::int64_t in, std::int64_t out, std::int64_t kernel,
         ops::ConvGeometry geometry, bool bias = true);
  /// Stride 1, the picture's size kept.
  Conv2d(const Scope& scope, std::int64_t in, std::int64_t out, std::int64_t kernel, bool bias = true)
      : Conv2d(scope, in, out, kernel, {.stride = 1, .pad_before = kernel / 2, .pad_after = kernel / 2},
               bias) {}
  Tensor operator()(const Tensor& x /*[B,H,W,in]*/, ops::Epilogue epilogue = {}) const;

 private:
  const ops::Backend* ops_;
  ops::PackedWeight weight_;
};

class GroupNorm {
 public:
  GroupNorm(const Scope& scope, std::int64_t channels, std::int64_t groups, float epsilon);
  Tensor operator()(Tensor x /*[B,…,C]*/, ops::GroupNormExtras extras = {}) const;

 private:
  const ops::Backend* ops_;
  std::int64_t groups_;
  ops::PackedWeight weight_;
};

class LayerNorm {
 public:
  LayerNorm(const Scope& scope, std::int64_t channels, float epsilon = 1e-5f);
  Tensor operator()(const Tensor& x /*[…,C]*/) const;

 private:
  const ops::Backend* ops_;
  ops::PackedWeight weight_;
};

}  // namespace latentdial::detail::models
