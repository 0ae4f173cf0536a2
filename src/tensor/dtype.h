#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace latentdial::detail {

/// Element types of tensors in memory and in files.
enum class DType { f32, bf16, f16, i32, i64 };

/// bfloat16: the upper half of an IEEE float; conversion rounds to nearest even and keeps NaN a NaN.
struct bfloat16 {
  std::uint16_t bits = 0;

  bfloat16() = default;
  explicit bfloat16(float value) {
    const auto u = std::bit_cast<std::uint32_t>(value);
    const bool is_nan = (u & 0x7fffffffu) > 0x7f800000u;
    bits = is_nan ? static_cast<std::uint16_t>((u >> 16) | 0x40u)
                  : static_cast<std::uint16_t>((u + 0x7fffu + ((u >> 16) & 1u)) >> 16);
  }
  explicit operator float() const { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }
};

/// IEEE half precision as stored in files; read-only in the engine.
struct float16 {
  std::uint16_t bits = 0;
  explicit operator float() const;
};

/// Bytes of one element.
[[nodiscard]] std::size_t element_size(DType dtype);
/// "f32", "bf16", "f16", "i32" or "i64".
[[nodiscard]] std::string_view name(DType dtype);

template <class T>
struct dtype_of;
template <>
struct dtype_of<float> {
  static constexpr DType value = DType::f32;
};
template <>
struct dtype_of<bfloat16> {
  static constexpr DType value = DType::bf16;
};
template <>
struct dtype_of<float16> {
  static constexpr DType value = DType::f16;
};
template <>
struct dtype_of<std::int32_t> {
  static constexpr DType value = DType::i32;
};
template <>
struct dtype_of<std::int64_t> {
  static constexpr DType value = DType::i64;
};

}  // namespace latentdial::detail
