// Noise is torch's CPU generator, bit for bit.

#include "diffusion/random.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

namespace latentdial::detail {
namespace {

nlohmann::json golden() {
  return nlohmann::json::parse(std::ifstream(LATENTDIAL_GOLDEN_DIR "/diffusion/noise.json"));
}

TEST(TorchGenerator, EqualsTorchOverSeveralCallsAndEverySeed) {
  for (const auto& one : golden()) {
    TorchGenerator generator(one.at("seed").get<std::uint64_t>());
    for (const auto& call : one.at("calls")) {
      const Tensor noise = generator.randn({static_cast<std::int64_t>(call.size())});
      for (std::size_t i = 0; i < call.size(); ++i) {
        ASSERT_EQ(std::bit_cast<std::int32_t>(noise.values()[i]), call[i].get<std::int32_t>())
            << "seed " << one.at("seed") << ", " << call.size() << " numbers, number " << i;
      }
    }
  }
}

TEST(TorchGenerator, ChannelsLastIsTheSameNoiseInAnotherOrder) {
  const std::int64_t channels = 4, height = 6, width = 5;
  TorchGenerator planes(7), pixels(7);
  const Tensor nchw = planes.randn({1, channels, height, width});
  const Tensor nhwc = pixels.randn_nhwc({1, height, width, channels});
  for (std::int64_t c = 0; c < channels; ++c) {
    for (std::int64_t i = 0; i < height * width; ++i) {
      const auto plane = static_cast<std::size_t>(c * height * width + i),
                 pixel = static_cast<std::size_t>(i * channels + c);
      ASSERT_EQ(nchw.values()[plane], nhwc.values()[pixel]);
    }
  }
}

TEST(TorchGenerator, IsStandardNormal) {
  TorchGenerator generator(123);
  const Tensor noise = generator.randn({100'000});
  double sum = 0, squares = 0;
  for (const float x : noise.values()) {
    sum += x;
    squares += static_cast<double>(x) * x;
  }
  EXPECT_NEAR(sum / 1e5, 0, 0.02);
  EXPECT_NEAR(squares / 1e5, 1, 0.02);
}

}  // namespace
}  // namespace latentdial::detail
