#pragma once

#include "ops/cpu/context.h"
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

}  // namespace latentdial::detail::ops::cpu
