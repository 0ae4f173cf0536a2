#include <cstring>
#include <utility>

#include "ops/reference.h"

namespace latentdial::detail::ops::test {
namespace {

class NormTest : public OpsTest {
 protected:
  struct Group {
    Shape x;
    std::int64_t groups;
    Activation activation = Activation::none;
    bool channel_bias = false;
    float mean = 0.0f;
  };

  static Tensor shifted(Tensor x, float by) {
    for (auto& value : x.values()) value += by;
    return x;
  }

  static Tensor expected(const Group& g, const Tensor& x, const Tensor& bias, const Tensor& gamma,
                         const Tensor& beta, double epsilon) {
    const auto channels = x.dim(-1), pixels = x.count() / (x.dim(0) * channels), width = channels / g.groups;
    const auto value = [&](std::int64_t b, std::int64_t p, std::int64_t c) {
      return static_cast<double>(x.data<float>()[(b * pixels + p) * channels + c]) +
             (g.channel_bias ? static_cast<double>(bias.data<float>()[b * channels + c]) : 0.0);
    };
    Tensor y = Tensor::empty(x.shape());
    for (std::int64_t b = 0; b < x.dim(0); ++b) {
      for (std::int64_t first = 0; first < channels; first += width) {
        double sum = 0, squares = 0;
        for (std::int64_t i = 0; i < pixels * width; ++i) sum += value(b, i / width, first + i % width);
        const double mean = sum / static_cast<double>(pixels * width);
        for (std::int64_t i = 0; i < pixels * width; ++i) {
          squares += std::pow(value(b, i / width, first + i % width) - mean, 2);
        }
        const double rstd = 1 / std::sqrt(squares / static_cast<double>(pixels * width) + epsilon);
        for (std::int64_t i = 0; i < pixels * width; ++i) {
          const auto p = i / width, c = first + i % width;
          const double normal = (value(b, p, c) - mean) * rstd * static_cast<double>(gamma.data<float>()[c]) +
                                static_cast<double>(beta.data<float>()[c]);
          y.data<float>()[(b * pixels + p) * channels + c] =
              static_cast<float>(activation(g.activation, normal));
        }
      }
    }
    return y;
  }

  void check(const Group& g) const {
    const auto channels = g.x.back();
    const Tensor x = held(shifted(random_tensor(g.x, 1), g.mean));
    const Tensor bias = held(random_tensor({g.x[0], channels}, 2));
    const Tensor gamma = random_tensor({channels}, 3), beta = random_tensor({channels}, 4);
    const Tensor bias_on_device = on_device(bias);
    const Tensor y = backend_->group_norm(on_device(x), backend_->prepare_norm(gamma, beta, 1e-5f), g.groups,
                                          {g.activation, g.channel_bias ? &bias_on_device : nullptr});
    expect_close(y, expected(g, x, bias, gamma, beta, 1e-5));
  }

  // Layer normalisation is group normalisation of single rows in one group.
  void check_layer_norm(const Shape& shape, float mean = 0.0f) const {
    const auto channels = shape.back();
    const Tensor x = held(shifted(random_tensor(shape, 1), mean));
    const Tensor gamma = random_tensor({channels}, 3), beta = random_tensor({channels}, 4);
    const Tensor y = backend_->layer_norm(on_device(x), backend_->prepare_norm(gamma, beta, 1e-5f));
    const Tensor rows = x.reshape({x.count() / channels, 1, channels});
    expect_close(y, expected({rows.shape(), 1}, rows, {}, gamma, beta, 1e-5).reshape(shape));
  }
};

TEST_P(NormTest, NormalisesGroupsOfChannelsOverAllPixels) {
  check({{2, 8, 8, 64}, 32});
}
TEST_P(NormTest, TakesSequences) {
  check({{2, 33, 48}, 16});
}
TEST_P(NormTest, TakesOddSizes) {
  check({{1, 7, 9, 35}, 5});
}
TEST_P(NormTest, TakesGroupsOfOneChannel) {
  check({{1, 5, 5, 7}, 7});
}
TEST_P(NormTest, TakesOneGroup) {
  check({{1, 5, 5, 40}, 1});
}
TEST_P(NormTest, TakesMorePixelsThanAChunk) {
  check({{1, 40, 33, 16}, 8});
}
TEST_P(NormTest, AppliesTheActivation) {
  for (const auto kind :
       {Activation::silu, Activation::gelu, Activation::quick_gelu, Activation::relu, Activation::leaky_relu})
    check({{2, 6, 6, 32}, 8, kind});
}
TEST_P(NormTest, AddsTheChannelBiasFirst) {
  check({{2, 6, 6, 32}, 8, Activation::silu, true});
}
TEST_P(NormTest, AddsOneChannelBiasToAllPictures) {
  const Tensor x = on_device(random_tensor({3, 6, 6, 32}, 1)), one = on_device(random_tensor({1, 32}, 2));
  const auto norm = backend_->prepare_norm(random_tensor({32}, 3), random_tensor({32}, 4), 1e-5f);
  const Tensor each = concat_rows({one, one, one});
  const Tensor shared = backend_->group_norm(x, norm, 8, {.channel_bias = &one});
  const Tensor repeated = backend_->group_norm(x, norm, 8, {.channel_bias = &each});
  EXPECT_EQ(relative_error(backend_->to_host(shared), backend_->to_host(repeated)), 0);
}
TEST_P(NormTest, GivesZerosForAConstantPicture) {
  const Tensor x = tensor_of({1, 4, 4, 8}, [](std::int64_t) { return 3.0; });
  const Tensor gamma = random_tensor({8}, 3), beta = Tensor::zeros({8});
  const Tensor y =
      backend_->to_host(backend_->group_norm(on_device(x), backend_->prepare_norm(gamma, beta, 1e-5f), 2));
  for (const auto value : y.values()) EXPECT_EQ(value, 0.0f);
}
TEST_P(NormTest, KeepsItsDigitsFarFromZero) {
  // A mean of 1000 deviations: E[x²] − E[x]² would lose everything in f32; what remains is the rounding of
  // the mean.
  if (backend_->dtype() != DType::f32) GTEST_SKIP() << "bf16 itself cannot hold the deviations";
  const Tensor x = shifted(random_tensor({1, 16, 16, 32}, 1), 1000.0f);
  const Tensor gamma = tensor_of({32}, [](std::int64_t) { return 1.0; }), beta = Tensor::zeros({32});
  const Tensor y = backend_->group_norm(x, backend_->prepare_norm(gamma, beta, 1e-5f), 4);
  EXPECT_LE(relative_error(y, expected({x.shape(), 4}, x, {}, gamma, beta, 1e-5)), 3e-5);
}

TEST_P(NormTest, WritesWhereItsInputWasIfNothingElseNeedsThat) {
  const Tensor x = random_tensor({1, 9, 7, 32}, 1);
  const auto norm = backend_->prepare_norm(random_tensor({32}, 3), random_tensor({32}, 4), 1e-5f);
  Tensor handed_over = on_device(x).clone();
  const Tensor kept = handed_over.clone();
  const auto* memory = handed_over.raw();
  const Tensor apart = backend_->group_norm(kept, norm, 8);
  const Tensor in_place = backend_->group_norm(std::move(handed_over), norm, 8);
  EXPECT_EQ(in_place.raw(), memory);
  EXPECT_NE(apart.raw(), kept.raw());
  EXPECT_EQ(std::memcmp(in_place.raw(), apart.raw(), apart.bytes()), 0);
  EXPECT_NE(std::memcmp(kept.raw(), apart.raw(), apart.bytes()), 0);
}

TEST_P(NormTest, LayerNormTakesRows) {
  check_layer_norm({5, 320});
}
TEST_P(NormTest, LayerNormTakesAnyLeadingAxes) {
  check_layer_norm({2, 77, 48});
}
TEST_P(NormTest, LayerNormTakesOddSizes) {
  check_layer_norm({3, 37});
}
TEST_P(NormTest, LayerNormTakesFewChannels) {
  check_layer_norm({1, 3});
}
TEST_P(NormTest, LayerNormOfShiftedRows) {
  check_layer_norm({4, 768}, 5.0f);
}

TEST_P(NormTest, GivesTheSameBitsForAnyNumberOfThreads) {
  const Tensor x = random_tensor({2, 21, 19, 96}, 1), gamma = random_tensor({96}, 2),
               beta = random_tensor({96}, 3);
  expect_same_bits([&](const Backend& backend) {
    return backend.group_norm(backend.to_device(x), backend.prepare_norm(gamma, beta, 1e-5f), 32);
  });
  expect_same_bits([&](const Backend& backend) {
    return backend.layer_norm(backend.to_device(x), backend.prepare_norm(gamma, beta, 1e-5f));
  });
}

INSTANTIATE_TEST_SUITE_P(Ops, NormTest, precisions(), precision_name);

}  // namespace
}  // namespace latentdial::detail::ops::test
