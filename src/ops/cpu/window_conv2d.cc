#include "ops/cpu/window_conv2d.h"

#include "ops/cpu/product.h"
#include "ops/cpu/read_row.h"

namespace latentdial::ops::cpu {
namespace {

// [out, in, kh, kw] → [out, kh·kw·in], the order of a window in NHWC.
Tensor by_window(const Tensor& weight) {
  const auto out = weight.dim(0), in = weight.dim(1), window = weight.dim(2) * weight.dim(3);
  Tensor result = Tensor::empty({out, window * in});
  for (std::int64_t o = 0; o < out; ++o) {
    for (std::int64_t c = 0; c < in; ++c) {
      for (std::int64_t k = 0; k < window; ++k) {
        result.data<float>()[(o * window + k) * in + c] = weight.data<float>()[(o * in + c) * window + k];
      }
    }
  }
  return result;
}

class WindowConv2d final : public PackedConv2d {
 public:
  WindowConv2d(const Context& context, const Tensor& weight, const Tensor& bias, ConvGeometry geometry)
      : PackedConv2d(context.dtype, weight, geometry), matrix_(context, by_window(weight), bias) {}

  void run(const Context& context, const Tensor& x, const Epilogue& epilogue, Tensor& y) const override {
    const auto height = y.dim(1), width = y.dim(2);
    multiply(
        context,
        [&](std::int64_t pixel, float* to) {
          read_window(x, pixel / (height * width), pixel / width % height, pixel % width, to);
        },
        matrix_, epilogue, y);
  }

 private:
  void read_window(const Tensor& x, std::int64_t b, std::int64_t row, std::int64_t column, float* to) const {
    const auto height = x.dim(1), width = x.dim(2), channels = in();
    const auto first_y = row * geometry().stride - geometry().pad_before;
    const auto first_x = column * geometry().stride - geometry().pad_before;
    for (auto iy = first_y; iy < first_y + weight_shape()[2]; ++iy) {
      for (auto ix = first_x; ix < first_x + weight_shape()[3]; ++ix, to += channels) {
        if (iy < 0 || ix < 0 || iy >= height || ix >= width) {
          std::fill_n(to, channels, 0.0f);
        } else {
          read_row(x, ((b * height + iy) * width + ix) * channels, channels, to);
        }
      }
    }
  }

  PackedMatrix matrix_;
};

}  // namespace

PackedWeight prepare_window_conv2d(const Context& context, const Tensor& weight, const Tensor& bias,
                                   ConvGeometry geometry) {
  return std::make_shared<WindowConv2d>(context, weight, bias, geometry);
}

}  // namespace latentdial::ops::cpu
