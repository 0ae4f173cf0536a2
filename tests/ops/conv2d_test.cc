#include "ops/reference.h"

namespace latentdial::detail::ops::test {
namespace {

class Conv2dTest : public OpsTest {
 protected:
  struct Case {
    Shape x;
    std::int64_t out;
    std::int64_t window = 3;
    ConvGeometry geometry{1, 1, 1};
    bool bias = true;
    Activation activation = Activation::none;
    bool residual = false;
  };

  static double window_sum(const Tensor& x, const Tensor& w, ConvGeometry g, std::int64_t b, std::int64_t row,
                           std::int64_t column, std::int64_t out) {
    double sum = 0;
    for (std::int64_t ky = 0; ky < w.dim(2); ++ky) {
      for (std::int64_t kx = 0; kx < w.dim(3); ++kx) {
        const auto iy = row * g.stride + ky - g.pad_before, ix = column * g.stride + kx - g.pad_before;
        if (iy < 0 || ix < 0 || iy >= x.dim(1) || ix >= x.dim(2)) continue;
        for (std::int64_t c = 0; c < x.dim(3); ++c) {
          sum += static_cast<double>(x.data<float>()[((b * x.dim(1) + iy) * x.dim(2) + ix) * x.dim(3) + c]) *
                 static_cast<double>(w.data<float>()[((out * w.dim(1) + c) * w.dim(2) + ky) * w.dim(3) + kx]);
        }
      }
    }
    return sum;
  }

  static Shape result_shape(const Case& c) {
    const auto room = c.geometry.pad_before + c.geometry.pad_after - c.window;
    return {c.x[0], (c.x[1] + room) / c.geometry.stride + 1, (c.x[2] + room) / c.geometry.stride + 1, c.out};
  }

  static Tensor expected(const Case& c, const Tensor& x, const Tensor& w, const Tensor& bias,
                         const Tensor& residual) {
    const Shape shape = result_shape(c);
    return tensor_of(shape, [&](std::int64_t i) {
      const auto o = i % c.out, pixel = i / c.out;
      const auto column = pixel % shape[2], row = pixel / shape[2] % shape[1],
                 b = pixel / (shape[1] * shape[2]);
      const auto sum = window_sum(x, w, c.geometry, b, row, column, o) +
                       (c.bias ? static_cast<double>(bias.data<float>()[o]) : 0.0);
      return activation(c.activation, sum) +
             (c.residual ? static_cast<double>(residual.data<float>()[i]) : 0.0);
    });
  }

  void check(const Case& c) const {
    const Tensor w = held(random_tensor({c.out, c.x[3], c.window, c.window}, 2, 0.2f));
    const Tensor bias = c.bias ? random_tensor({c.out}, 3) : Tensor();
    check(c, w, bias, backend_->prepare_conv2d(w, bias, c.geometry));
  }

  void check(const Case& c, const Tensor& w, const Tensor& bias, const PackedWeight& packed) const {
    SCOPED_TRACE(to_string(c.x));
    const Tensor x = held(random_tensor(c.x, 1));
    const Tensor residual = held(random_tensor(result_shape(c), 4));
    const Tensor residual_on_device = on_device(residual);
    const Tensor y =
        backend_->conv2d(on_device(x), packed, {c.activation, c.residual ? &residual_on_device : nullptr});
    // Winograd's transforms lose up to a bit and a half over the thousands of terms of a wide layer.
    expect_close(y, expected(c, x, w, bias, residual), c.x[3] > 1000 ? 3 : 1);
  }
};

TEST_P(Conv2dTest, SlidesAPaddedWindow) {
  check({{2, 9, 7, 32}, 64});
}
TEST_P(Conv2dTest, WorksWithoutABias) {
  check({{1, 6, 6, 16}, 16, 3, {1, 1, 1}, false});
}
TEST_P(Conv2dTest, TakesLatentsOfFourChannels) {
  check({{2, 12, 10, 4}, 48});
}
TEST_P(Conv2dTest, TakesPicturesOfThreeChannels) {
  check({{1, 12, 10, 3}, 32});
}
TEST_P(Conv2dTest, GivesFourChannels) {
  check({{2, 11, 8, 48}, 4});
}
TEST_P(Conv2dTest, GivesThreeChannels) {
  check({{1, 11, 8, 32}, 3});
}
TEST_P(Conv2dTest, TakesChannelsThatFillNoVector) {
  check({{1, 5, 5, 20}, 36});
}
TEST_P(Conv2dTest, TakesASinglePixel) {
  check({{2, 1, 1, 16}, 24});
}
TEST_P(Conv2dTest, TakesARowOfPixels) {
  check({{1, 1, 13, 16}, 24});
}
TEST_P(Conv2dTest, HalvesWithAStrideOfTwo) {
  check({{2, 10, 13, 32}, 32, 3, {2, 1, 1}});
}
TEST_P(Conv2dTest, PadsOneSideOnlyAsTheEncoderDoes) {
  check({{1, 10, 8, 24}, 24, 3, {2, 0, 1}});
  check({{1, 9, 11, 24}, 24, 3, {2, 0, 1}});
}
TEST_P(Conv2dTest, PointwiseIsALinearLayerOverPixels) {
  check({{2, 5, 7, 20}, 33, 1, {1, 0, 0}});
}
TEST_P(Conv2dTest, PointwiseOnLatents) {
  check({{1, 8, 8, 4}, 4, 1, {1, 0, 0}});
}
TEST_P(Conv2dTest, PointwiseWithAStride) {
  check({{1, 9, 8, 16}, 24, 1, {2, 0, 0}});
}
TEST_P(Conv2dTest, TakesAnUnpaddedWindow) {
  check({{1, 6, 9, 16}, 16, 3, {1, 0, 0}});
}

TEST_P(Conv2dTest, AppliesEveryActivation) {
  for (const auto kind : {Activation::silu, Activation::gelu, Activation::quick_gelu, Activation::relu,
                          Activation::leaky_relu}) {
    check({{1, 6, 5, 24}, 32, 3, {1, 1, 1}, true, kind});
  }
}

TEST_P(Conv2dTest, AddsTheResidual) {
  check({{2, 7, 5, 48}, 48, 3, {1, 1, 1}, true, Activation::none, true});
}
TEST_P(Conv2dTest, AddsTheResidualOfAPointwiseOne) {
  check({{2, 7, 5, 48}, 16, 1, {1, 0, 0}, true, Activation::none, true});
}
TEST_P(Conv2dTest, AddsTheResidualBehindTheActivation) {
  check({{1, 7, 5, 24}, 48, 3, {1, 1, 1}, true, Activation::silu, true});
}

// A convolution with few pixels goes through its weights panel by panel; one with many goes through its
// pixels in groups, and each group through the weights in groups of panels.
TEST_P(Conv2dTest, TakesFewPixelsOfManyChannels) {
  check({{2, 8, 8, 200}, 72});
}
TEST_P(Conv2dTest, TakesMorePanelsThanItTransformsAtOnce) {
  check({{1, 33, 34, 1024}, 132});
}
TEST_P(Conv2dTest, TakesMorePixelsThanItTransformsAtOnce) {
  check({{1, 45, 50, 2048}, 4});
}

// oneDNN packs some of these sizes differently from others.
TEST_P(Conv2dTest, ServesDifferentSizesFromOneParameter) {
  const Tensor w = held(random_tensor({48, 48, 3, 3}, 2, 0.2f)), bias = random_tensor({48}, 3);
  const auto packed = backend_->prepare_conv2d(w, bias, {1, 1, 1});
  for (const Shape& size : {Shape{1, 8, 8, 48}, Shape{1, 28, 20, 48}, Shape{2, 7, 10, 48},
                            Shape{1, 28, 20, 48}, Shape{1, 3, 1, 48}, Shape{1, 33, 25, 48}}) {
    check({size, 48}, w, bias, packed);
  }
}

TEST_P(Conv2dTest, GivesTheSameBitsForAnyNumberOfThreads) {
  struct Size {
    Shape x;
    std::int64_t out;
  };
  for (const auto& [shape, out] :
       {Size{{2, 8, 8, 1280}, 64}, Size{{1, 32, 32, 64}, 320}, Size{{2, 17, 13, 192}, 192},
        Size{{1, 64, 64, 4}, 320}, Size{{1, 64, 48, 128}, 3}, Size{{2, 9, 7, 960}, 320},
        Size{{1, 17, 13, 20}, 36}}) {
    const Tensor x = random_tensor(shape, 6), w = random_tensor({out, shape[3], 3, 3}, 7);
    expect_same_bits([&](const Backend& backend) {
      return backend.conv2d(backend.to_device(x), backend.prepare_conv2d(w, {}, {1, 1, 1}));
    });
  }
}

INSTANTIATE_TEST_SUITE_P(Ops, Conv2dTest, precisions(), precision_name);

}  // namespace
}  // namespace latentdial::detail::ops::test
