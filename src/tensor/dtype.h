#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace latentdial::detail {

/// Element types of tensors in memory and in files. Those from f8_e4m3 on are of files alone; from q4_0 on
/// they are blocks of quantised values, by the names of ggml (docs/gguf.md of github.com/ggml-org/ggml).
enum class DType {
  f32,
  bf16,
  f16,
  f64,
  i32,
  i64,
  f8_e4m3,
  f8_e5m2,
  q4_0,
  q4_1,
  q5_0,
  q5_1,
  q8_0,
  q2_k,
  q3_k,
  q4_k,
  q5_k,
  q6_k
};

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

/// IEEE half precision as stored in files; read-only in the engine. The conversion is exact, and written on
/// bits without branches on the value, so that the compiler can vectorise it.
struct float16 {
  std::uint16_t bits = 0;
  explicit operator float() const {
    const std::uint32_t magnitude = (bits & 0x7fffu) << 13;
    const std::uint32_t sign = (bits & 0x8000u) << 16;
    // Moves the exponent's bias; subnormals come right.
    const float scaled = std::bit_cast<float>(magnitude) * 0x1p112f;
    const std::uint32_t special = magnitude >= 0x0f800000u ? 0x7f800000u : 0u;  // Infinity and NaN.
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(scaled) | sign | special);
  }
};

/// 8-bit float of four exponent bits, bias 7, without infinities (arXiv 2209.05433); of files.
struct float8_e4m3 {
  std::uint8_t bits = 0;
  explicit operator float() const {
    const bool is_nan = (bits & 0x7fu) == 0x7fu;
    const auto magnitude = static_cast<std::uint16_t>((bits & 0x7fu) << 7);
    // As a half its exponent's bias is 8 too high.
    const float scaled = static_cast<float>(float16{magnitude}) * 0x1p8f;
    const std::uint32_t sign = (bits & 0x80u) << 24;
    return std::bit_cast<float>((is_nan ? 0x7fc00000u : std::bit_cast<std::uint32_t>(scaled)) | sign);
  }
};

/// 8-bit float of five exponent bits: the upper half of a half; of files.
struct float8_e5m2 {
  std::uint8_t bits = 0;
  explicit operator float() const {
    return static_cast<float>(float16{static_cast<std::uint16_t>(bits << 8)});
  }
};

/// How a type is stored: so many elements together take so many bytes.
struct Block {
  std::int64_t elements = 1;
  std::size_t bytes = 0;
};
[[nodiscard]] Block block_of(DType dtype);
/// Bytes of one element of a type that is not stored in blocks.
[[nodiscard]] std::size_t element_size(DType dtype);
/// "f32", "bf16", "q4_0", …
[[nodiscard]] std::string_view name(DType dtype);

/// The element type that T is in memory.
template <class T>
[[nodiscard]] constexpr DType dtype_of() {
  if (std::is_same_v<T, float>) return DType::f32;
  if (std::is_same_v<T, bfloat16>) return DType::bf16;
  if (std::is_same_v<T, float16>) return DType::f16;
  if (std::is_same_v<T, double>) return DType::f64;
  if (std::is_same_v<T, std::int32_t>) return DType::i32;
  static_assert(
      sizeof(T) < sizeof(std::int64_t) || std::is_same_v<T, double> || std::is_same_v<T, std::int64_t>,
      "no element type");
  return DType::i64;
}

}  // namespace latentdial::detail
