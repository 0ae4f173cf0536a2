#include "weights/sample_hash.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "tensor/hash.h"

namespace latentdial::detail {
namespace {

constexpr std::int64_t kLarge = 10'000;

std::uint64_t hash_of(std::map<std::string, Tensor> tensors) {
  return hash_samples(kHashStart, Weights("unet", "a file", std::move(tensors)));
}

TEST(SampleHash, IsOfNamesTypesSizesAndValues) {
  const Tensor x = Tensor::of({2}, std::vector<float>{1, 2}), y = Tensor::of({2}, std::vector<float>{1, 3});
  const std::set<std::uint64_t> different = {
      hash_of({}),
      hash_of({{"a", x}}),
      hash_of({{"a", y}}),
      hash_of({{"b", x}}),
      hash_of({{"a", x.to(DType::bf16)}}),
      hash_of({{"a", x.slice(0, 1)}}),
      hash_of({{"a", x}, {"b", y}}),
      hash_of({{"a", y}, {"b", x}}),
  };
  EXPECT_EQ(different.size(), 8u);
  EXPECT_EQ(hash_of({{"a", x}}), hash_of({{"a", x.clone()}}));
}

TEST(SampleHash, OfALargeTensorSeesBothEndsAndTheMiddle) {
  const Tensor zeros = Tensor::zeros({kLarge});
  for (const std::int64_t at : {std::int64_t{0}, (kLarge - 32) * 3 / 7, kLarge - 1}) {
    Tensor x = zeros.clone();
    x.values()[static_cast<std::size_t>(at)] = 1;
    EXPECT_NE(hash_of({{"a", x}}), hash_of({{"a", zeros}})) << at;
  }
}

}  // namespace
}  // namespace latentdial::detail
