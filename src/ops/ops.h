#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "tensor/tensor.h"

/// The operations that every model is written in. One interface; `ops/cpu` (and later `ops/cuda`) implement
/// it and nothing above knows which. Weights are packed once, at load, into a layout that only the back end
/// understands.
namespace latentdial::detail::ops {

/// `leaky_relu` keeps a fifth of what is below zero, as ESRGAN has it.
enum class Activation { none, silu, gelu, quick_gelu, relu, leaky_relu };

/// A parameter in the back end's own layout. Immutable, shared between threads.
class Packed {
 public:
  virtual ~Packed() = default;
};
using PackedWeight = std::shared_ptr<const Packed>;

/// Whether a back end that computes in 8 bits may do so for a layer too. Where little work has much
/// influence, it may not.
enum class Precision { reducible, full };

/// Stride and zero padding of a convolution, in pixels.
struct ConvGeometry {
  std::int64_t stride = 1;
  std::int64_t pad_before = 0;  ///< Rows above and columns to the left.
  std::int64_t pad_after = 0;   ///< Rows below and columns to the right.
};

/// What a linear or convolution adds before it writes its result: y = activation(x·W + bias) + residual.
struct Epilogue {
  Activation activation = Activation::none;
  const Tensor* residual = nullptr;  ///< Shape of the result, or null.
};

/// What group normalisation does around itself: y = activation(norm(x + channel_bias)).
struct GroupNormExtras {
  Activation activation = Activation::none;
  const Tensor* channel_bias =
      nullptr;  ///< [B, C] or [1, C], added to every pixel first (the time embedding), or null.
};

/// Activations (`Tensor` arguments and results) are in `dtype()`; statistics and sums are kept in f32.
/// Methods are const and may be called from one thread at a time per tensor; kernels use the back end's
/// thread pool. The same inputs give the same bits whatever the number of threads.
class Backend {
 public:
  virtual ~Backend() = default;

  /// The type activations are computed in: f32 or bf16.
  [[nodiscard]] virtual DType dtype() const = 0;
  /// One line for people: device, instruction set, threads, type.
  [[nodiscard]] virtual std::string description() const = 0;

  /// \name Loading. Arguments are f32; `bias` may be undefined.
  /// @{
  [[nodiscard]] virtual PackedWeight prepare_linear(const Tensor& weight /*[out,in]*/,
                                                    const Tensor& bias /*[out]*/,
                                                    Precision precision = Precision::reducible) const = 0;
  [[nodiscard]] virtual PackedWeight prepare_conv2d(const Tensor& weight /*[out,in,kh,kw]*/,
                                                    const Tensor& bias /*[out]*/, ConvGeometry geometry,
                                                    Precision precision = Precision::reducible) const = 0;
  [[nodiscard]] virtual PackedWeight prepare_norm(const Tensor& gamma /*[C]*/, const Tensor& beta /*[C]*/,
                                                  float epsilon) const = 0;
  [[nodiscard]] virtual PackedWeight prepare_embedding(const Tensor& table /*[N,C]*/) const = 0;
  /// @}

  /// \name Moving data between host f32 and the back end.
  /// @{
  [[nodiscard]] virtual Tensor to_device(const Tensor& host) const = 0;
  [[nodiscard]] virtual Tensor to_host(const Tensor& device) const = 0;
  /// @}

  /// \name The operations.
  /// @{
  [[nodiscard]] virtual Tensor linear(const Tensor& x /*[…,in]*/, const PackedWeight& w,
                                      Epilogue epilogue = {}) const = 0;  // → […,out]
  [[nodiscard]] virtual Tensor conv2d(const Tensor& x /*[B,H,W,in]*/, const PackedWeight& w,
                                      Epilogue epilogue = {}) const = 0;
  /// In x's own memory where nothing else shares it.
  [[nodiscard]] virtual Tensor group_norm(Tensor x /*[B,H,W,C] or [B,N,C]*/, const PackedWeight& w,
                                          std::int64_t groups, GroupNormExtras extras = {}) const = 0;
  [[nodiscard]] virtual Tensor layer_norm(const Tensor& x /*[…,C]*/, const PackedWeight& w) const = 0;
  /// softmax(q·kᵀ/√D)·v per head, D = C/heads; never holds an N×M matrix. `causal` lets row i see columns ≤ i
  /// (N = M).
  [[nodiscard]] virtual Tensor attention(const Tensor& q /*[B,N,C]*/, const Tensor& k /*[B,M,C]*/,
                                         const Tensor& v /*[B,M,C]*/, std::int64_t heads,
                                         bool causal = false) const = 0;  // → [B,N,C]
  /// x = [a, b] along the last axis: a·gelu(b), with the exact (erf) gelu.
  [[nodiscard]] virtual Tensor geglu(const Tensor& x /*[…,2C]*/) const = 0;  // → […,C]
  [[nodiscard]] virtual Tensor activate(const Tensor& x, Activation activation) const = 0;
  /// x where it is above 0, else x times its channel's slope; the slopes are in `dtype()`.
  [[nodiscard]] virtual Tensor prelu(const Tensor& x /*[…,C]*/, const Tensor& slopes /*[C]*/) const = 0;
  /// a + b, where b has a's shape or is a trailing part of it (repeated over the leading axes).
  [[nodiscard]] virtual Tensor add(const Tensor& a, const Tensor& b) const = 0;
  /// a + share·(b − a), of one shape.
  [[nodiscard]] virtual Tensor mix(const Tensor& a, const Tensor& b, float share) const = 0;
  /// Each pixel twice in both directions, cut to `height` × `width` (2H or 2H−1, 2W or 2W−1: a skip of odd
  /// size).
  [[nodiscard]] virtual Tensor upsample_nearest2x(const Tensor& x /*[B,H,W,C]*/, std::int64_t height,
                                                  std::int64_t width) const = 0;  // → [B,height,width,C]
  [[nodiscard]] virtual Tensor concat_channels(const Tensor& a /*[…,A]*/,
                                               const Tensor& b /*[…,B]*/) const = 0;  // → […,A+B]
  /// Rows of the table; every id must be in [0, N).
  [[nodiscard]] virtual Tensor embedding(std::span<const std::int32_t> ids,
                                         const PackedWeight& table) const = 0;  // → [ids,C]
  /// @}
};

}  // namespace latentdial::detail::ops
