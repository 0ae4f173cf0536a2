#include <array>
#include <bit>
#include <limits>

#include "ops/reference.h"

namespace latentdial::detail::ops::test {
namespace {

class ElementwiseTest : public OpsTest {};

TEST_P(ElementwiseTest, ActivationsMatchTheirFormulas) {
  for (const std::int64_t count : {1, 7, 1000}) {
    const Tensor x = held(random_tensor({count}, 1, 3.0f));
    for (const auto kind : {Activation::none, Activation::silu, Activation::gelu, Activation::quick_gelu,
                            Activation::relu, Activation::leaky_relu}) {
      expect_close(backend_->activate(on_device(x), kind), tensor_of(x.shape(), [&](std::int64_t i) {
                     return activation(kind, static_cast<double>(x.data<float>()[i]));
                   }));
    }
  }
}

TEST_P(ElementwiseTest, ActivationsAreSmallFarBelowZeroAndTheirArgumentFarAbove) {
  const Tensor x = Tensor::of({6}, std::array{-1e4f, -100.0f, -20.0f, 20.0f, 100.0f, 1e4f});
  for (const auto kind : {Activation::silu, Activation::gelu, Activation::quick_gelu, Activation::relu}) {
    const Tensor y = backend_->to_host(backend_->activate(on_device(x), kind));
    const Tensor given = held(x);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(y.values()[i], 0.0f, 1e-7f);
    for (std::size_t i = 3; i < 6; ++i) EXPECT_FLOAT_EQ(y.values()[i], given.values()[i]);
  }
}

TEST_P(ElementwiseTest, GeluKeepsItsDigitsEverywhere) {
  if (backend_->dtype() != DType::f32) GTEST_SKIP() << "a statement about f32";
  const Tensor x = tensor_of({2001}, [](std::int64_t i) { return static_cast<double>(i - 1000) * 0.006; });
  const Tensor y = backend_->activate(x, Activation::gelu);
  for (std::size_t i = 0; i < 2001; ++i) {
    EXPECT_NEAR(y.values()[i], activation(Activation::gelu, static_cast<double>(x.values()[i])), 6e-7);
  }
}

TEST_P(ElementwiseTest, GegluGatesTheFirstHalfByTheSecond) {
  for (const std::int64_t columns : {1, 16, 37, 128}) {
    const Tensor x = held(random_tensor({2, 3, 2 * columns}, 1));
    expect_close(backend_->geglu(on_device(x)), tensor_of({2, 3, columns}, [&](std::int64_t i) {
                   const auto* row = x.data<float>() + i / columns * 2 * columns;
                   return static_cast<double>(row[i % columns]) *
                          activation(Activation::gelu, static_cast<double>(row[columns + i % columns]));
                 }));
  }
}

TEST_P(ElementwiseTest, PreluHasASlopePerChannel) {
  for (const std::int64_t channels : {1, 37, 64}) {
    const Tensor x = held(random_tensor({2, 3, 5, channels}, 1));
    const Tensor slopes = held(random_tensor({channels}, 2, 0.3f));
    expect_close(backend_->prelu(on_device(x), on_device(slopes)), tensor_of(x.shape(), [&](std::int64_t i) {
                   const double v = x.data<float>()[i], slope = slopes.data<float>()[i % channels];
                   return v > 0 ? v : slope * v;
                 }));
  }
  EXPECT_ANY_THROW((void)backend_->prelu(on_device(random_tensor({3, 4}, 1)), on_device(Tensor::zeros({3}))));
}

TEST_P(ElementwiseTest, AddTakesEqualShapesAndTrailingParts) {
  const Tensor a = held(random_tensor({3, 5, 37}, 1));
  for (const Shape& shape : {Shape{3, 5, 37}, Shape{5, 37}, Shape{37}}) {
    const Tensor b = held(random_tensor(shape, 2));
    expect_close(backend_->add(on_device(a), on_device(b)), tensor_of(a.shape(), [&](std::int64_t i) {
                   return static_cast<double>(a.data<float>()[i]) +
                          static_cast<double>(b.data<float>()[i % b.count()]);
                 }));
  }
}

TEST_P(ElementwiseTest, UpsamplingRepeatsEachPixelAndCutsOddSkips) {
  const Tensor x = held(random_tensor({2, 3, 4, 5}, 1));
  for (const std::int64_t height : {5, 6}) {
    for (const std::int64_t width : {7, 8}) {
      expect_close(
          backend_->upsample_nearest2x(on_device(x), height, width),
          tensor_of({2, height, width, 5}, [&](std::int64_t i) {
            const auto c = i % 5, column = i / 5 % width, row = i / 5 / width % height;
            const auto b = i / 5 / width / height;
            return static_cast<double>(x.data<float>()[((b * 3 + row / 2) * 4 + column / 2) * 5 + c]);
          }));
    }
  }
}

TEST_P(ElementwiseTest, MixIsTheShareOfTheWayFromOneToTheOther) {
  const Tensor a = held(random_tensor({2, 70, 5}, 1)), b = held(random_tensor({2, 70, 5}, 2));
  expect_close(backend_->mix(on_device(a), on_device(b), 0.25f), tensor_of(a.shape(), [&](std::int64_t i) {
                 return 0.75 * a.data<float>()[i] + 0.25 * b.data<float>()[i];
               }));
}

TEST_P(ElementwiseTest, ConcatenationPutsChannelsBehindEachOther) {
  const Tensor a = held(random_tensor({2, 70, 5}, 1)), b = held(random_tensor({2, 70, 3}, 2));
  expect_close(
      backend_->concat_channels(on_device(a), on_device(b)), tensor_of({2, 70, 8}, [&](std::int64_t i) {
        const auto row = i / 8, c = i % 8;
        return static_cast<double>(c < 5 ? a.data<float>()[row * 5 + c] : b.data<float>()[row * 3 + c - 5]);
      }));
}

TEST_P(ElementwiseTest, EmbeddingPicksRows) {
  const Tensor table = held(random_tensor({10, 7}, 1));
  const std::array<std::int32_t, 4> ids{9, 0, 3, 3};
  expect_close(
      backend_->embedding(ids, backend_->prepare_embedding(table)), tensor_of({4, 7}, [&](std::int64_t i) {
        return static_cast<double>(table.data<float>()[ids.at(static_cast<std::size_t>(i / 7)) * 7 + i % 7]);
      }));
}

TEST_P(ElementwiseTest, DeviceHoldsTheNearestValueOfItsType) {
  Tensor x = random_tensor({1003}, 1, 100.0f);
  x.values()[0] = std::numeric_limits<float>::infinity();
  x.values()[1] = std::bit_cast<float>(0x3f808000u);  // halfway between two bf16 values, the even one below
  x.values()[2] = std::bit_cast<float>(0x3f818000u);  // halfway, the even one above
  x.values()[3] = std::numeric_limits<float>::max();
  const Tensor y = held(x);
  for (std::size_t i = 0; i < 1003; ++i) {
    const float nearest = static_cast<float>(bfloat16(x.values()[i]));
    EXPECT_EQ(y.values()[i], backend_->dtype() == DType::bf16 ? nearest : x.values()[i]);
  }
}

TEST_P(ElementwiseTest, NanStaysNan) {
  const Tensor x = tensor_of({20}, [](std::int64_t) { return std::numeric_limits<double>::quiet_NaN(); });
  const Tensor y = held(x);
  for (const auto value : y.values()) EXPECT_TRUE(std::isnan(value));
}

TEST_P(ElementwiseTest, GivesTheSameBitsForAnyNumberOfThreads) {
  const Tensor x = random_tensor({50, 1002}, 1);
  expect_same_bits([&](const Backend& backend) {
    const Tensor y = backend.geglu(backend.activate(backend.to_device(x), Activation::gelu));
    return backend.add(y, y);
  });
}

INSTANTIATE_TEST_SUITE_P(Ops, ElementwiseTest, precisions(), precision_name);

}  // namespace
}  // namespace latentdial::detail::ops::test
