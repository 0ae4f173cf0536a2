#include "ops/cpu/window_conv2d.h"

#include "ops/cpu/parallel.h"
#include "ops/cpu/product.h"
#include "ops/cpu/read_row.h"

namespace latentdial::detail::ops::cpu {
namespace {

class WindowConv2d final : public PackedConv2d {
 public:
  WindowConv2d(const Context& context, const Tensor& weight, const Tensor& bias, ConvGeometry geometry)
      : PackedConv2d(context.dtype, weight, geometry),
        matrix_(context, weight_by_window(context, weight), bias) {}

  void run(const Context& context, const Tensor& x, const Epilogue& epilogue, Tensor& y) const override {
    const auto read_window = [&](std::int64_t result, float* to) {
      visit_window(*this, x.shape(), y.shape(), result, [&](std::int64_t pixel) {
        if (pixel < 0) {
          std::fill_n(to, in(), 0.0f);
        } else {
          read_row(x, pixel * in(), in(), to);
        }
        to += in();
      });
    };
    multiply(context, read_window, matrix_, epilogue, y);
  }

 private:
  PackedMatrix matrix_;
};

}  // namespace

Tensor weight_by_window(const Context& context, const Tensor& weight) {
  const auto out = weight.dim(0), in = weight.dim(1), window = weight.dim(2) * weight.dim(3);
  Tensor result = Tensor::empty({out, window * in});
  parallel_for(context.threads, out, [&](std::int64_t o, int /*thread*/) {
    for (std::int64_t c = 0; c < in; ++c) {
      for (std::int64_t k = 0; k < window; ++k) {
        result.data<float>()[(o * window + k) * in + c] = weight.data<float>()[(o * in + c) * window + k];
      }
    }
  });
  return result;
}

PackedWeight prepare_window_conv2d(const Context& context, const Tensor& weight, const Tensor& bias,
                                   ConvGeometry geometry) {
  return std::make_shared<WindowConv2d>(context, weight, bias, geometry);
}

}  // namespace latentdial::detail::ops::cpu
