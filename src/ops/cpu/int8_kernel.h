#pragma once

#include <cstddef>
#include <cstdint>

#include "ops/cpu/tile_kernel.h"

/// The register tile for 8-bit numbers: unsigned rows times signed panels, summed in 32 bits.
namespace latentdial::detail::ops::cpu {

/// A line of depth, [tile][depth block][row][64].
inline constexpr std::size_t kInt8DepthBlock = 4 * kDepthBlock;

/// How this processor multiplies bytes.
enum class ByteProducts {
  widened,  ///< As numbers of 16 bits.
  pairs,    ///< Two products are added in 16 bits (x86's maddubs): weights have 7 bits.
  quads,    ///< Four products are added in 32 bits by one instruction: AVX-512 VNNI or AVX-VNNI.
};
[[nodiscard]] ByteProducts byte_products();

/// The largest magnitude that weights may have here.
[[nodiscard]] inline int largest_weight() {
  return byte_products() == ByteProducts::pairs ? 63 : 127;
}

/// c[tiles·rows, tile_columns()] = a·panel; a panel is stored as [depth / 4][columns][4].
struct Int8TileProduct {
  const std::uint8_t* a = nullptr;
  std::size_t tiles = 0, rows = 0;
  std::size_t a_stride = 0;  ///< Bytes from one tile to the next.
  const std::int8_t* panel = nullptr;
  std::size_t depth_blocks = 0;
  std::int32_t* c = nullptr;  ///< Rows of tile_columns().
};
void multiply(const Int8TileProduct& product);

/// x ≈ scale·(q − zero), q in [0, 255]; 0 is represented exactly.
struct Quantization {
  float scale = 1;
  float zero = 0;
};

/// Smallest and largest of some numbers and 0.
struct Range {
  float low = 0, high = 0;
};
[[nodiscard]] Range range_of(const float* x, std::size_t count);
[[nodiscard]] Quantization quantization_of(const Range& range);
void quantize(const float* x, std::size_t count, const Quantization& quantization, std::uint8_t* to);

/// What takes a 32-bit sum back to a number: scale_row·scale_column·(sum − zero_row·column_sum).
struct Int8Scales {
  const Quantization* rows = nullptr;
  const float* column_scales = nullptr;  ///< Padded to whole vectors, as are the sums.
  const float* column_sums = nullptr;    ///< Σ over the depth of the column's quantized weights.
};
/// In place: `sums` become f32 at the same addresses.
void dequantize_rows(std::int32_t* sums, std::size_t rows, const Int8Scales& scales);

}  // namespace latentdial::detail::ops::cpu
