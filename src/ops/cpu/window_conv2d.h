#pragma once

#include "ops/cpu/conv2d.h"

/// How a convolution becomes one product: the windows that are its rows.
namespace latentdial::detail::ops::cpu {

/// [out, in, kh, kw] → [out, kh·kw·in], the order of a window in NHWC.
[[nodiscard]] Tensor weight_by_window(const Context& context, const Tensor& weight);

/// Calls `visit(pixel)` for every place of the window of result pixel `result`, in order: the index of a
/// pixel of the input [B, H, W, …], or -1 in the padding.
template <class Visit>
void visit_window(const PackedConv2d& conv, const Shape& input, const Shape& output, std::int64_t result,
                  const Visit& visit) {
  const auto b = result / (output[1] * output[2]);
  const auto first_y = result / output[2] % output[1] * conv.geometry().stride - conv.geometry().pad_before;
  const auto first_x = result % output[2] * conv.geometry().stride - conv.geometry().pad_before;
  for (auto y = first_y; y < first_y + conv.weight_shape()[2]; ++y) {
    for (auto x = first_x; x < first_x + conv.weight_shape()[3]; ++x) {
      const bool inside = y >= 0 && x >= 0 && y < input[1] && x < input[2];
      visit(inside ? (b * input[1] + y) * input[2] + x : -1);
    }
  }
}

}  // namespace latentdial::detail::ops::cpu
