#include "diffusion/random.h"

#include <cmath>
#include <numbers>
#include <utility>

#include "diffusion/box_muller.h"

namespace latentdial::detail {
namespace {

constexpr std::size_t kBlock = 16;  // torch's vectorised Box–Muller works on blocks of this many.
constexpr int kShift = 397;

std::uint32_t twist(std::uint32_t high, std::uint32_t low) {
  const std::uint32_t mixed = (high & 0x80000000U) | (low & 0x7FFFFFFFU);
  return (mixed >> 1) ^ ((low & 1U) != 0 ? 0x9908B0DFU : 0U);
}

}  // namespace

TorchGenerator::TorchGenerator(std::uint64_t seed) {
  state_[0] = static_cast<std::uint32_t>(seed);
  for (std::uint32_t i = 1; i < kStateSize; ++i) {
    state_[i] = 1812433253U * (state_[i - 1] ^ (state_[i - 1] >> 30)) + i;
  }
}

std::uint32_t TorchGenerator::next() {
  if (position_ == kStateSize) {
    for (int i = 0; i < kStateSize; ++i) {
      const auto at = [](int k) { return static_cast<std::size_t>(k % kStateSize); };
      state_[at(i)] = state_[at(i + kShift)] ^ twist(state_[at(i)], state_[at(i + 1)]);
    }
    position_ = 0;
  }
  std::uint32_t y = state_[static_cast<std::size_t>(position_++)];
  y ^= y >> 11;
  y ^= (y << 7) & 0x9D2C5680U;
  y ^= (y << 15) & 0xEFC60000U;
  return y ^ (y >> 18);
}

// 53 of 64 bits; the first draw is the high half.
double TorchGenerator::next_uniform_double() {
  const std::uint64_t high = next();
  const std::uint64_t bits = high << 32 | next();
  return static_cast<double>(bits & ((std::uint64_t{1} << 53) - 1)) * 0x1p-53;
}

// Box–Muller in double; the second of each pair waits for the next call, even one for another tensor.
double TorchGenerator::next_normal_double() {
  if (cached_normal_.has_value()) return *std::exchange(cached_normal_, std::nullopt);
  const double theta = 2.0 * std::numbers::pi * next_uniform_double();
  const double radius = std::sqrt(-2.0 * std::log1p(-next_uniform_double()));
  cached_normal_ = radius * std::sin(theta);
  return radius * std::cos(theta);
}

void TorchGenerator::fill_small(std::span<float> values) {
  for (float& value : values) value = static_cast<float>(next_normal_double());
}

void TorchGenerator::fill_blocks(std::span<float> values) {
  const auto uniform = [this] { return static_cast<float>(next() & 0xFFFFFFU) * 0x1p-24F; };
  for (float& value : values) value = uniform();
  for (std::size_t i = 0; i + kBlock <= values.size(); i += kBlock) box_muller_16(&values[i]);
  // torch draws the last block anew, over normals already made, when the size is no multiple of 16.
  if (values.size() % kBlock != 0) {
    const std::span<float> tail = values.last(kBlock);
    for (float& value : tail) value = uniform();
    box_muller_16(tail.data());
  }
}

Tensor TorchGenerator::randn(Shape shape) {
  Tensor result = Tensor::empty(std::move(shape));
  if (result.values().size() < kBlock) {
    fill_small(result.values());
  } else {
    fill_blocks(result.values());
  }
  return result;
}

Tensor TorchGenerator::randn_nhwc(const Shape& nhwc) {
  return nchw_to_nhwc(randn({nhwc.at(0), nhwc.at(3), nhwc.at(1), nhwc.at(2)}));
}

}  // namespace latentdial::detail
