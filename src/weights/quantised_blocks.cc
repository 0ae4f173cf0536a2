#include "weights/quantised_blocks.h"

#include <cstdint>
#include <cstring>
#include <utility>

namespace latentdial::detail {
namespace {

using Byte = std::uint8_t;

float half_at(const Byte* at) {
  float16 half;
  std::memcpy(&half, at, sizeof(half));
  return static_cast<float>(half);
}

int low(Byte byte) {
  return byte & 0x0f;
}
int high(Byte byte) {
  return byte >> 4;
}

// ── Blocks of 32: value = scale · number, or scale · number + minimum ──

/// The 4 bits of value i: the lower halves of 16 bytes, then the upper ones.
int nibble(const Byte* numbers, int i) {
  return i < 16 ? low(numbers[i]) : high(numbers[i - 16]);
}

/// Bit i of 32, as a fifth bit.
int fifth_bit(const Byte* bits, int i) {
  return (bits[i / 8] >> (i % 8) & 1) << 4;
}

void widen_q4_0(const Byte* block, float* to) {
  const float scale = half_at(block);
  for (int i = 0; i < 32; ++i) to[i] = scale * static_cast<float>(nibble(block + 2, i) - 8);
}

void widen_q4_1(const Byte* block, float* to) {
  const float scale = half_at(block), minimum = half_at(block + 2);
  for (int i = 0; i < 32; ++i) to[i] = scale * static_cast<float>(nibble(block + 4, i)) + minimum;
}

void widen_q5_0(const Byte* block, float* to) {
  const float scale = half_at(block);
  for (int i = 0; i < 32; ++i)
    to[i] = scale * static_cast<float>((nibble(block + 6, i) | fifth_bit(block + 2, i)) - 16);
}

void widen_q5_1(const Byte* block, float* to) {
  const float scale = half_at(block), minimum = half_at(block + 2);
  for (int i = 0; i < 32; ++i)
    to[i] = scale * static_cast<float>(nibble(block + 8, i) | fifth_bit(block + 4, i)) + minimum;
}

void widen_q8_0(const Byte* block, float* to) {
  const float scale = half_at(block);
  for (int i = 0; i < 32; ++i) to[i] = scale * static_cast<float>(static_cast<std::int8_t>(block[2 + i]));
}

// ── Blocks of 256: a scale, and perhaps a minimum, of each 16 or 32 values, themselves numbers of few bits
// ──

/// The 2 bits of value i: of 64 bytes each half holds 128 values, two bits of its 32 bytes after the others.
int two_bits(const Byte* numbers, int i) {
  return numbers[i / 128 * 32 + i % 32] >> (i / 32 % 4 * 2) & 3;
}

void widen_q2_k(const Byte* block, float* to) {
  const Byte *scales = block, *numbers = block + 16;
  const float scale = half_at(block + 80), minimum = half_at(block + 82);
  for (int i = 0; i < 256; ++i) {
    const float factor = scale * static_cast<float>(low(scales[i / 16]));
    const float offset = minimum * static_cast<float>(high(scales[i / 16]));
    to[i] = factor * static_cast<float>(two_bits(numbers, i)) - offset;
  }
}

/// The 6 bits of scale k of 16: four in 8 bytes' halves, two in the last 4 bytes.
int scale_of_q3_k(const Byte* scales, int k) {
  const int lower = k < 8 ? low(scales[k]) : high(scales[k - 8]);
  return lower | (scales[8 + k % 4] >> (k / 4 * 2) & 3) << 4;
}

void widen_q3_k(const Byte* block, float* to) {
  const Byte *third_bits = block, *numbers = block + 32, *scales = block + 96;
  const float scale = half_at(block + 108);
  for (int i = 0; i < 256; ++i) {
    const float factor = scale * static_cast<float>(scale_of_q3_k(scales, i / 16) - 32);
    const int offset = (third_bits[i % 32] >> (i / 32) & 1) != 0 ? 0 : 4;  // The bit is set where none is.
    to[i] = factor * static_cast<float>(two_bits(numbers, i) - offset);
  }
}

/// Scale and minimum k of 8, 6 bits each, in 12 bytes.
std::pair<int, int> scale_and_minimum(const Byte* packed, int k) {
  if (k < 4) return {packed[k] & 0x3f, packed[4 + k] & 0x3f};
  const int i = k - 4;
  return {low(packed[8 + i]) | (packed[i] >> 2 & 0x30), high(packed[8 + i]) | (packed[4 + i] >> 2 & 0x30)};
}

/// The 4 bits of value i: 32 bytes hold 64 values, the lower halves first.
int nibble_of_64(const Byte* numbers, int i) {
  const Byte byte = numbers[i / 64 * 32 + i % 32];
  return i / 32 % 2 == 0 ? low(byte) : high(byte);
}

template <class Number>
void widen_scaled(const Byte* block, float* to, Number number) {
  const float scale = half_at(block), minimum = half_at(block + 2);
  for (int i = 0; i < 256; ++i) {
    const auto [times, less] = scale_and_minimum(block + 4, i / 32);
    const float factor = scale * static_cast<float>(times), offset = minimum * static_cast<float>(less);
    to[i] = factor * static_cast<float>(number(i)) - offset;
  }
}

void widen_q4_k(const Byte* block, float* to) {
  widen_scaled(block, to, [numbers = block + 16](int i) { return nibble_of_64(numbers, i); });
}

void widen_q5_k(const Byte* block, float* to) {
  const Byte *fifth_bits = block + 16, *numbers = block + 48;
  widen_scaled(block, to,
               [=](int i) { return nibble_of_64(numbers, i) | (fifth_bits[i % 32] >> (i / 32) & 1) << 4; });
}

void widen_q6_k(const Byte* block, float* to) {
  const Byte *lower = block, *upper = block + 128, *scales = block + 192;
  const float scale = half_at(block + 208);
  for (int i = 0; i < 256; ++i) {
    const float factor = scale * static_cast<float>(static_cast<std::int8_t>(scales[i / 16]));
    const Byte byte = lower[i / 128 * 64 + i % 64];
    const int four = i / 64 % 2 == 0 ? low(byte) : high(byte);
    const int two = upper[i / 128 * 32 + i % 32] >> (i / 32 % 4 * 2) & 3;
    to[i] = factor * static_cast<float>((four | two << 4) - 32);
  }
}

using Widen = void (*)(const Byte* block, float* to);

/// In the order of DType, from q4_0 on.
constexpr Widen kWiden[] = {widen_q4_0, widen_q4_1, widen_q5_0, widen_q5_1, widen_q8_0,
                            widen_q2_k, widen_q3_k, widen_q4_k, widen_q5_k, widen_q6_k};

}  // namespace

void widen_blocks(DType dtype, const std::byte* from, float* to, std::size_t count) {
  const Widen widen = kWiden[static_cast<std::size_t>(dtype) - static_cast<std::size_t>(DType::q4_0)];
  const auto [elements, bytes] = block_of(dtype);
  const auto* block = reinterpret_cast<const Byte*>(from);
  for (std::size_t done = 0; done < count; done += static_cast<std::size_t>(elements), block += bytes)
    widen(block, to + done);
}

}  // namespace latentdial::detail
