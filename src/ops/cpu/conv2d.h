#pragma once

#include "ops/cpu/operations.h"
#include "ops/ops.h"

namespace latentdial::detail::ops::cpu {

/// The weight of a convolution, packed for whatever multiplies it.
class PackedConv2d : public Packed {
 public:
  /// `weight` is [out, in, kh, kw].
  PackedConv2d(DType dtype, const Tensor& weight, ConvGeometry geometry)
      : dtype_(dtype), weight_shape_(weight.shape()), geometry_(geometry) {}

  /// y of result_shape(x.shape()), both in dtype().
  virtual void run(const Context& context, const Tensor& x, const Epilogue& epilogue, Tensor& y) const = 0;

  /// Shape of the result for an input [B, H, W, in]; an extent below 1 when the window does not fit.
  [[nodiscard]] Shape result_shape(const Shape& input) const;
  [[nodiscard]] DType dtype() const { return dtype_; }
  [[nodiscard]] const Shape& weight_shape() const { return weight_shape_; }
  [[nodiscard]] std::int64_t in() const { return weight_shape_[1]; }
  [[nodiscard]] std::int64_t out() const { return weight_shape_[0]; }
  [[nodiscard]] const ConvGeometry& geometry() const { return geometry_; }

 private:
  DType dtype_;
  Shape weight_shape_;
  ConvGeometry geometry_;
};

/// A 1×1 convolution of stride 1 without padding is prepared as a linear layer over pixels.
[[nodiscard]] PackedWeight prepare_conv2d(const Context& context, const Tensor& weight, const Tensor& bias,
                                          ConvGeometry geometry, Precision precision);
[[nodiscard]] Tensor conv2d(const Context& context, const Tensor& x, const PackedWeight& w,
                            const Epilogue& epilogue);

/// What may multiply a convolution. `weight` [out, in, kh, kw] and `bias` are f32; `bias` may be undefined.
/// @{

/// By 8-bit numbers. Each picture of the batch is quantized by its own range.
[[nodiscard]] PackedWeight prepare_int8_conv2d(const Context& context, const Tensor& weight,
                                               const Tensor& bias, ConvGeometry geometry);
/// By oneDNN, in bf16.
[[nodiscard]] PackedWeight prepare_onednn_conv2d(const Context& context, const Tensor& weight,
                                                 const Tensor& bias, ConvGeometry geometry);
/// As one product: a row of the left factor is a pixel's window, gathered as it is packed.
[[nodiscard]] PackedWeight prepare_window_conv2d(const Context& context, const Tensor& weight,
                                                 const Tensor& bias, ConvGeometry geometry);
/// By Winograd's minimal filtering F(4×4, 3×3): a quarter of the multiplications, in f32.
[[nodiscard]] PackedWeight prepare_winograd_conv2d(const Context& context, const Tensor& weight,
                                                   const Tensor& bias, ConvGeometry geometry);
/// @}

/// Whether F(4×4, 3×3) computes this convolution: a 3×3 window of stride 1 that keeps the size, with enough
/// channels to be worth the transforms.
[[nodiscard]] bool suits_winograd(const Tensor& weight, const ConvGeometry& geometry);

}  // namespace latentdial::detail::ops::cpu
