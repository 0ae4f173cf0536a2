#include "ops/reference.h"

namespace latentdial::detail::ops::test {
namespace {

class LinearTest : public OpsTest {
 protected:
  struct Case {
    Shape x;
    std::int64_t out;
    bool bias = true;
    Activation activation = Activation::none;
    bool residual = false;
  };

  static Tensor expected(const Tensor& x, const Tensor& w, const Tensor& bias, Activation kind,
                         const Tensor* residual) {
    const auto in = w.dim(1), out = w.dim(0);
    Shape shape = x.shape();
    shape.back() = out;
    return tensor_of(shape, [&](std::int64_t i) {
      const auto row = i / out, o = i % out;
      double sum = bias.defined() ? static_cast<double>(bias.data<float>()[o]) : 0.0;
      for (std::int64_t c = 0; c < in; ++c) {
        sum += static_cast<double>(x.data<float>()[row * in + c]) *
               static_cast<double>(w.data<float>()[o * in + c]);
      }
      return activation(kind, sum) +
             (residual != nullptr ? static_cast<double>(residual->data<float>()[i]) : 0.0);
    });
  }

  void check(const Case& c) const {
    const Tensor x = held(random_tensor(c.x, 1));
    const Tensor w = held(random_tensor({c.out, c.x.back()}, 2, 0.3f));
    const Tensor bias = c.bias ? random_tensor({c.out}, 3) : Tensor();
    Shape shape = c.x;
    shape.back() = c.out;
    const Tensor residual = held(random_tensor(shape, 4));
    const Tensor residual_on_device = on_device(residual);
    const auto packed = backend_->prepare_linear(w, bias);
    const Tensor y =
        backend_->linear(on_device(x), packed, {c.activation, c.residual ? &residual_on_device : nullptr});
    expect_close(y, expected(x, w, bias, c.activation, c.residual ? &residual : nullptr));
  }
};

TEST_P(LinearTest, MultipliesByTheTransposedWeightAndAddsTheBias) {
  check({{5, 64}, 96});
}
TEST_P(LinearTest, WorksWithoutABias) {
  check({{5, 64}, 96, false});
}
TEST_P(LinearTest, TakesAnyLeadingAxes) {
  check({{2, 3, 4, 20}, 33});
}
TEST_P(LinearTest, TakesOneRow) {
  check({{1, 320}, 128});
}
TEST_P(LinearTest, TakesTheTwoRowsOfATimeEmbedding) {
  check({{2, 320}, 1280, true, Activation::silu});
}
TEST_P(LinearTest, TakesManyRowsAndOddSizes) {
  check({{777, 37}, 45});
}
TEST_P(LinearTest, TakesMoreRowsThanItPacksAtOnce) {
  check({{3500, 330}, 40});
}
TEST_P(LinearTest, TakesADepthThatIsWidenedInParts) {
  check({{30, 1100}, 150, true, Activation::none, true});
}
TEST_P(LinearTest, TakesSizesBelowAVector) {
  check({{9, 3}, 5});
}
TEST_P(LinearTest, TakesOneInputAndOneOutput) {
  check({{4, 1}, 1});
}

TEST_P(LinearTest, AppliesEveryActivation) {
  for (const auto kind : {Activation::silu, Activation::gelu, Activation::quick_gelu, Activation::relu,
                          Activation::leaky_relu}) {
    check({{33, 48}, 40, true, kind});
  }
}

TEST_P(LinearTest, AddsTheResidual) {
  check({{50, 48}, 48, true, Activation::none, true});
}
TEST_P(LinearTest, AddsTheResidualBehindTheActivation) {
  check({{50, 48}, 40, true, Activation::gelu, true});
}
TEST_P(LinearTest, LeavesTheResidualAlone) {
  const Tensor x = on_device(random_tensor({8, 16}, 1));
  const Tensor before = x.clone();
  const auto packed = backend_->prepare_linear(random_tensor({16, 16}, 2), {});
  (void)backend_->linear(x, packed, {Activation::none, &x});
  EXPECT_TRUE(std::equal(x.raw(), x.raw() + x.bytes(), before.raw()));
}

TEST_P(LinearTest, ServesDifferentNumbersOfRowsFromOneParameter) {
  const Tensor w = held(random_tensor({40, 24}, 2));
  const auto packed = backend_->prepare_linear(w, {});
  for (const std::int64_t rows : {1, 2, 77, 300, 2}) {
    const Tensor x = held(random_tensor({rows, 24}, 5));
    expect_close(backend_->linear(on_device(x), packed), expected(x, w, {}, Activation::none, nullptr));
  }
}

TEST_P(LinearTest, GivesTheSameBitsForAnyNumberOfThreads) {
  for (const Shape& shape :
       {Shape{2, 1280}, Shape{64, 1280}, Shape{77, 768}, Shape{256, 2560}, Shape{1, 3072}}) {
    const Tensor x = random_tensor(shape, 6), w = random_tensor({320, shape[1]}, 7);
    expect_same_bits([&](const Backend& backend) {
      return backend.linear(backend.to_device(x), backend.prepare_linear(w, {}));
    });
  }
}

INSTANTIATE_TEST_SUITE_P(Ops, LinearTest, precisions(), precision_name);

}  // namespace
}  // namespace latentdial::detail::ops::test
