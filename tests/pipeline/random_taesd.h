#pragma once

#include <cmath>
#include <map>
#include <random>
#include <string>

#include "weights/test_files.h"

namespace latentdial::detail {

/// A safetensors file of a random TAESD decoder in the original's keys, for latents of so many channels.
inline std::string random_taesd(std::int64_t latent_channels) {
  constexpr std::int64_t kChannels = 8;
  std::mt19937 generator(5);
  std::map<std::string, testing::RawTensor> tensors;
  const auto add = [&](const std::string& key, Shape shape) {
    const auto inputs = static_cast<float>(element_count(shape) / shape[0]);
    std::normal_distribution<float> normal(0, 1 / std::sqrt(inputs));
    std::vector<float> values(static_cast<std::size_t>(element_count(shape)));
    for (float& value : values) value = normal(generator);
    tensors[key] = testing::f32_tensor(std::move(shape), values);
  };
  const auto add_convolution = [&](const std::string& key, std::int64_t in, std::int64_t out, bool bias) {
    add(key + ".weight", {out, in, 3, 3});
    if (bias) add(key + ".bias", {out});
  };
  add_convolution("1", latent_channels, kChannels, true);
  for (const int block : {3, 4, 5, 8, 9, 10, 13, 14, 15, 18}) {
    for (const int layer : {0, 2, 4})
      add_convolution(fmt::format("{}.conv.{}", block, layer), kChannels, kChannels, true);
  }
  for (const int between : {7, 12, 17}) add_convolution(std::to_string(between), kChannels, kChannels, false);
  add_convolution("19", kChannels, 3, true);
  return testing::safetensors(tensors);
}

}  // namespace latentdial::detail
