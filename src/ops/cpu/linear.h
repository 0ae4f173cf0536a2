#pragma once

#include "ops/cpu/affine.h"

namespace latentdial::ops::cpu {

/// A matrix [in, out] in oneDNN's own layout, its bias, and its primitives by number of rows.
class PackedLinear final : public Packed {
 public:
  /// `weight` is [out, in]; `bias` is [out] or undefined.
  PackedLinear(const Context& context, const Tensor& weight, const Tensor& bias);

  [[nodiscard]] std::int64_t in() const { return in_; }
  [[nodiscard]] std::int64_t out() const { return out_; }
  [[nodiscard]] DType dtype() const { return dtype_; }
  /// Whether oneDNN runs this through its BLAS-like code (processors below AVX-512), which splits sums by
  /// thread.
  [[nodiscard]] bool sums_by_thread() const { return sums_by_thread_; }
  [[nodiscard]] std::shared_ptr<const Kernel> kernel(const KernelKey& key) const;

 private:
  [[nodiscard]] Kernel build(const KernelKey& key) const;
  [[nodiscard]] dnnl::matmul::primitive_desc describe(std::int64_t rows,
                                                      const dnnl::primitive_attr& attributes) const;

  DType dtype_;
  std::int64_t in_, out_;
  dnnl::memory bias_;
  bool sums_by_thread_;
  WeightLayouts weights_;
  KernelCache cache_;
};

[[nodiscard]] PackedWeight prepare_linear(const Context& context, const Tensor& weight, const Tensor& bias);
/// The result for a parameter that is already known to be a linear one; used by pointwise convolutions.
[[nodiscard]] Tensor linear(const char* op, const Context& context, const Tensor& x, const PackedLinear& w,
                            const Epilogue& epilogue);

}  // namespace latentdial::ops::cpu
