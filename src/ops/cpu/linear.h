#pragma once

#include <cstdint>

#include "ops/cpu/operations.h"
#include "ops/ops.h"

namespace latentdial::detail::ops::cpu {

/// The weight of a linear layer, packed for whatever multiplies it.
class PackedLinear : public Packed {
 public:
  PackedLinear(DType dtype, std::int64_t in, std::int64_t out) : dtype_(dtype), in_(in), out_(out) {}

  /// y[…, out] for x[…, in], both in dtype().
  virtual void run(const Context& context, const Tensor& x, const Epilogue& epilogue, Tensor& y) const = 0;

  [[nodiscard]] DType dtype() const { return dtype_; }
  [[nodiscard]] std::int64_t in() const { return in_; }
  [[nodiscard]] std::int64_t out() const { return out_; }

 private:
  DType dtype_;
  std::int64_t in_, out_;
};

[[nodiscard]] PackedWeight prepare_linear(const Context& context, const Tensor& weight, const Tensor& bias,
                                          Precision precision);
/// A linear layer that oneDNN multiplies in bf16.
[[nodiscard]] PackedWeight prepare_onednn_linear(const Context& context, const Tensor& weight,
                                                 const Tensor& bias);
/// `op` is named in errors: a pointwise convolution is a linear layer too.
[[nodiscard]] Tensor linear(const char* op, const Context& context, const Tensor& x, const PackedLinear& w,
                            const Epilogue& epilogue);

}  // namespace latentdial::detail::ops::cpu
