#include "ops/reference.h"

namespace latentdial::detail::ops::test {
namespace {

class AttentionTest : public OpsTest {
 protected:
  struct Case {
    std::int64_t batch, queries, keys, heads, size;
    bool causal = false;
    float spread = 1.0f;
  };

  static Tensor expected(const Case& c, const Tensor& q, const Tensor& k, const Tensor& v) {
    const auto channels = c.heads * c.size;
    Tensor y = Tensor::zeros(q.shape());
    for (std::int64_t i = 0; i < c.batch * c.queries * c.heads; ++i) {
      const auto h = i % c.heads, row = i / c.heads, b = row / c.queries;
      const auto visible = c.causal ? row % c.queries + 1 : c.keys;
      std::vector<double> weights(static_cast<std::size_t>(visible));
      for (std::int64_t j = 0; j < visible; ++j) {
        double sum = 0;
        for (std::int64_t d = h * c.size; d < (h + 1) * c.size; ++d) {
          sum += static_cast<double>(q.data<float>()[row * channels + d]) *
                 static_cast<double>(k.data<float>()[(b * c.keys + j) * channels + d]);
        }
        weights[static_cast<std::size_t>(j)] = sum / std::sqrt(static_cast<double>(c.size));
      }
      const double largest = *std::max_element(weights.begin(), weights.end());
      double total = 0;
      for (auto& weight : weights) total += weight = std::exp(weight - largest);
      for (std::int64_t d = h * c.size; d < (h + 1) * c.size; ++d) {
        double sum = 0;
        for (std::int64_t j = 0; j < visible; ++j) {
          sum += weights[static_cast<std::size_t>(j)] *
                 static_cast<double>(v.data<float>()[(b * c.keys + j) * channels + d]);
        }
        y.data<float>()[row * channels + d] = static_cast<float>(sum / total);
      }
    }
    return y;
  }

  void check(const Case& c) const {
    const auto channels = c.heads * c.size;
    const Tensor q = held(random_tensor({c.batch, c.queries, channels}, 1, c.spread));
    const Tensor k = held(random_tensor({c.batch, c.keys, channels}, 2, c.spread));
    const Tensor v = held(random_tensor({c.batch, c.keys, channels}, 3));
    expect_close(backend_->attention(on_device(q), on_device(k), on_device(v), c.heads, c.causal),
                 expected(c, q, k, v));
  }
};

TEST_P(AttentionTest, MixesTheValuesBySoftmax) {
  check({2, 64, 64, 2, 40});
}
TEST_P(AttentionTest, CrossesToThePrompt) {
  check({2, 100, 77, 3, 40});
}
TEST_P(AttentionTest, TakesEveryHeadSize) {
  for (const std::int64_t size : {1, 7, 8, 15, 16, 24, 32, 40, 64, 80, 160}) check({1, 50, 61, 2, size});
}
TEST_P(AttentionTest, TakesTheSingleWideHeadOfTheAutoencoder) {
  check({1, 60, 60, 1, 512});
}
TEST_P(AttentionTest, TakesLengthsThatFillNoBlock) {
  check({1, 301, 515, 1, 24});
}
TEST_P(AttentionTest, TakesLengthsOfWholeBlocks) {
  check({1, 96, 512, 1, 16});
}
TEST_P(AttentionTest, OfAPictureToItself) {
  for (const std::int64_t size : {10, 40, 64, 80, 160}) check({2, 301, 301, 2, size});
  check({1, 1024, 1024, 1, 40});
}
TEST_P(AttentionTest, TakesOneQuery) {
  check({1, 1, 300, 2, 40});
}
TEST_P(AttentionTest, OfOneKeyIsItsValue) {
  check({2, 10, 1, 2, 16});
}
TEST_P(AttentionTest, CausalRowsSeeNothingLater) {
  check({2, 77, 77, 2, 64, true});
  check({1, 300, 300, 1, 16, true});
  check({1, 1, 1, 1, 8, true});
}
TEST_P(AttentionTest, SurvivesLogitsThatWouldOverflow) {
  check({1, 40, 600, 1, 32, false, 8.0f});
}

TEST_P(AttentionTest, SurvivesEnormousLogits) {
  // Logits around ±10^6: each row takes the value of its best key.
  const Tensor q = tensor_of({1, 3, 16}, [](std::int64_t i) { return i < 16 ? 1e3 : -1e3; });
  const Tensor k =
      tensor_of({1, 400, 16}, [](std::int64_t i) { return static_cast<double>(i / 16 - 200) * 1.5; });
  const Tensor v = tensor_of({1, 400, 16}, [](std::int64_t i) { return static_cast<double>(i / 16); });
  const Tensor y = backend_->to_host(backend_->attention(on_device(q), on_device(k), on_device(v), 1));
  const Tensor best = held(v);
  EXPECT_FLOAT_EQ(y.values()[0], best.values()[399 * 16]);
  EXPECT_NEAR(y.values()[16], best.values()[0], 1e-30);
}

// In 8 bits, keys that have much in common would have little left for what tells them apart.
TEST_P(AttentionTest, TellsKeysApartThatHaveMuchInCommon) {
  const Tensor q = random_tensor({1, 300, 40}, 1), v = random_tensor({1, 300, 40}, 3);
  Tensor k = random_tensor({1, 300, 40}, 2);
  for (std::int64_t i = 0; i < k.count(); ++i) k.data<float>()[i] += i % 40 < 4 ? 100.0f : 0.0f;
  const Case c{1, 300, 300, 1, 40};
  expect_close(backend_->attention(on_device(q), on_device(k), on_device(v), 1),
               expected(c, held(q), held(k), held(v)));
}

// One key weighs 400 times as much as each of the others, which together weigh four times as much as it.
TEST_P(AttentionTest, ManySmallWeightsCountBesideALargeOne) {
  constexpr std::int64_t kKeys = 1024, kSize = 16;
  const Tensor q = tensor_of({1, kKeys, kSize}, [](std::int64_t) { return 4; });
  const Tensor k = tensor_of({1, kKeys, kSize}, [](std::int64_t i) { return i < kSize ? 0.375 : 0; });
  const Tensor v = tensor_of({1, kKeys, kSize}, [](std::int64_t i) { return i < kSize ? 0 : 1; });
  const Case c{1, kKeys, kKeys, 1, kSize};
  expect_close(backend_->attention(on_device(q), on_device(k), on_device(v), 1),
               expected(c, held(q), held(k), held(v)));
}

TEST_P(AttentionTest, GivesTheSameBitsForAnyNumberOfThreads) {
  const Tensor q = random_tensor({2, 301, 80}, 1), k = random_tensor({2, 301, 80}, 2);
  expect_same_bits([&](const Backend& backend) {
    return backend.attention(backend.to_device(q), backend.to_device(k), backend.to_device(k), 2);
  });
}

INSTANTIATE_TEST_SUITE_P(Ops, AttentionTest, precisions(), precision_name);

}  // namespace
}  // namespace latentdial::detail::ops::test
