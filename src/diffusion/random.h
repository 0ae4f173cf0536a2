#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "tensor/tensor.h"

namespace latentdial::detail {

/// torch's CPU generator: `torch.Generator("cpu").manual_seed(seed)`.
/// The stream of MT19937 (Matsumoto & Nishimura 1998), seeded with the low 32 bits of the seed, as torch
/// does.
class TorchGenerator {
 public:
  explicit TorchGenerator(std::uint64_t seed);

  /// Standard normal f32 numbers, bit-equal to `torch.randn(shape, generator=g)` of x86 torch on a CPU with
  /// AVX2 or better, over any number of calls.
  Tensor randn(Shape shape);

  /// As `torch.randn([B, C, H, W])`, laid out [B, H, W, C] for `nhwc` = {B, H, W, C}.
  Tensor randn_nhwc(const Shape& nhwc);

 private:
  std::uint32_t next();
  double next_uniform_double();
  double next_normal_double();
  void fill_small(std::span<float> values);
  void fill_blocks(std::span<float> values);

  static constexpr int kStateSize = 624;
  std::array<std::uint32_t, kStateSize> state_;
  int position_ = kStateSize;
  std::optional<double> cached_normal_;
};

}  // namespace latentdial::detail
