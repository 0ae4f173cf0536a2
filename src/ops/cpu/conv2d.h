#pragma once

#include "ops/cpu/affine.h"
#include "ops/cpu/linear.h"

namespace latentdial::ops::cpu {

/// A convolution's weight in oneDNN's own layout, its bias, and its primitives by [B, H, W].
class PackedConv2d final : public Packed {
 public:
  /// `weight` is [out, in, kh, kw]; `bias` is [out] or undefined.
  PackedConv2d(const Context& context, const Tensor& weight, const Tensor& bias, ConvGeometry geometry);

  /// Shape of the result for an input [B, H, W, in]; an extent below 1 when the window does not fit.
  [[nodiscard]] Shape result_shape(const Shape& input) const;
  [[nodiscard]] std::int64_t in() const { return weight_dims_[1]; }
  [[nodiscard]] DType dtype() const { return dtype_; }
  [[nodiscard]] std::shared_ptr<const Kernel> kernel(const KernelKey& key) const;

 private:
  [[nodiscard]] Kernel build(const KernelKey& key) const;
  [[nodiscard]] dnnl::convolution_forward::primitive_desc describe(
      const Shape& input, const dnnl::primitive_attr& attributes) const;

  DType dtype_;
  dnnl::memory::dims weight_dims_;
  ConvGeometry geometry_;
  dnnl::memory bias_;
  WeightLayouts weights_;
  KernelCache cache_;
};

/// A 1×1 convolution of stride 1 without padding is prepared as a linear layer over pixels.
[[nodiscard]] PackedWeight prepare_conv2d(const Context& context, const Tensor& weight, const Tensor& bias,
                                          ConvGeometry geometry);
[[nodiscard]] Tensor conv2d(const Context& context, const Tensor& x, const PackedWeight& w,
                            const Epilogue& epilogue);

}  // namespace latentdial::ops::cpu
