// Matrices as attention multiplies them, per target: panels of rows that lie side by side, of floats,
// bfloat16 or bytes. Included once per target, hence the toggling guard that Highway prescribes.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "ops/cpu/attention_numbers-inl.h"
#include "ops/cpu/parallel.h"

#if defined(LATENTDIAL_OPS_CPU_ATTENTION_PANELS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LATENTDIAL_OPS_CPU_ATTENTION_PANELS_INL_H_
#undef LATENTDIAL_OPS_CPU_ATTENTION_PANELS_INL_H_
#else
#define LATENTDIAL_OPS_CPU_ATTENTION_PANELS_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace latentdial::detail::ops::cpu {
namespace HWY_NAMESPACE {

// Rows of a panel, and of the register tile.
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_SSE4
constexpr std::size_t kTileRows = 4;
#else
constexpr std::size_t kTileRows = 8;
#endif

inline std::size_t target_panel_rows() {
  return kTileRows;
}
template <class Numbers>
constexpr bool kOfBytes = sizeof(typename Numbers::Number) == 1;

// What stands before a panel's numbers takes whole lines.
constexpr std::size_t kByteRows = round_up(kTileRows * sizeof(ByteRow), std::size_t{64});

inline std::size_t target_panel_bytes(Products products, std::size_t depth) {
  const auto numbers = round_up(depth, depth_step(products)) * kTileRows;
  if (products == Products::byte_quads) return kByteRows + numbers;
  return numbers * (products == Products::bf16_pairs ? sizeof(bfloat16) : sizeof(float));
}

inline const std::byte* panel_of(const Panels& m, std::size_t row) {
  return static_cast<const std::byte*>(m.data) + row / kTileRows * m.panel_bytes;
}

inline const ByteRow* byte_rows_at(const Panels& m, std::size_t row) {
  return reinterpret_cast<const ByteRow*>(panel_of(m, row));
}

// The numbers of a panel from this row and this step of its depth on.
template <class Numbers>
const typename Numbers::Number* panel_at(const Panels& m, std::size_t row, std::size_t step) {
  return reinterpret_cast<const typename Numbers::Number*>(panel_of(m, row) +
                                                           (kOfBytes<Numbers> ? kByteRows : 0)) +
         step * kTileRows * Numbers::kStep;
}

// Some rows of a matrix as one panel of `panel_rows`.
template <class T, class Numbers>
void interleave(const MatrixView& m, std::size_t first, std::size_t panel_rows,
                typename Numbers::Number* to) {
  using Number = typename Numbers::Number;
  const auto rows = std::min(panel_rows, m.rows - first);
  const T* from = static_cast<const T*>(m.data) + first * m.row_stride;
  const auto copy = [&](std::size_t i, std::size_t numbers) {
    for (std::size_t r = 0; r < rows; ++r) {
      const T* row = from + r * m.row_stride + i * m.depth_stride;
      Number* at = to + (i / Numbers::kStep * panel_rows + r) * Numbers::kStep;
      for (std::size_t s = 0; s < numbers; ++s) at[s] = static_cast<Number>(row[s * m.depth_stride]);
    }
  };
  const auto rest = m.depth % Numbers::kStep;
  if (rows < panel_rows || rest != 0)
    std::fill_n(to, round_up(m.depth, Numbers::kStep) * panel_rows, Number(0.0f));
  for (std::size_t i = 0; i < m.depth - rest; i += Numbers::kStep) copy(i, Numbers::kStep);
  if (rest != 0) copy(m.depth - rest, rest);
}

#if LATENTDIAL_BYTE_QUADS
// The rows of a matrix as floats, [rows, padded], zeros behind its depth.
template <class T>
void widen_rows(const MatrixView& m, std::size_t first, std::size_t rows, std::size_t padded, float* to) {
  const T* from = static_cast<const T*>(m.data) + first * m.row_stride;
  const auto lanes = hn::Lanes(Floats());
  if (m.depth_stride == 1) {
    const auto whole = m.depth / lanes * lanes;
    for (std::size_t r = 0; r < rows; ++r) {
      const T* row = from + r * m.row_stride;
      for (std::size_t i = 0; i < whole; i += lanes) hn::StoreU(load(row + i), Floats(), to + r * padded + i);
      if (whole < m.depth)
        hn::StoreU(load_part(row + whole, m.depth - whole), Floats(), to + r * padded + whole);
    }
    return;
  }
  for (std::size_t i = 0; i < m.depth; ++i)
    for (std::size_t r = 0; r < rows; ++r)
      to[r * padded + i] = static_cast<float>(from[r * m.row_stride + i * m.depth_stride]);
  for (std::size_t r = 0; r < rows; ++r) std::fill(to + r * padded + m.depth, to + (r + 1) * padded, 0.0f);
}

inline void take_from_rows(const float* mean, std::size_t depth, std::size_t rows, std::size_t padded,
                           float* x) {
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t i = 0; i < depth; ++i) x[r * padded + i] -= mean[i];
}

inline float largest_magnitude(const float* x, std::size_t count) {
  const Floats d;
  auto most = hn::Zero(d);
  for (std::size_t i = 0; i < count; i += hn::Lanes(d)) most = hn::Max(most, hn::Abs(hn::LoadU(d, x + i)));
  return hn::GetLane(hn::MaxOfLanes(d, most));
}

// Bytes of factor·x + zero; returns the sum of factor·x, rounded.
inline std::int32_t quantize_row(const float* x, std::size_t count, float factor, int zero,
                                 std::uint8_t* to) {
  const Floats d;
  const Ints ints;
  const hn::Rebind<std::uint8_t, Floats> bytes;
  auto sum = hn::Zero(ints);
  for (std::size_t i = 0; i < count; i += hn::Lanes(d)) {
    const auto q = hn::NearestInt(hn::Mul(hn::LoadU(d, x + i), hn::Set(d, factor)));
    sum = hn::Add(sum, q);
    hn::StoreU(
        hn::TruncateTo(bytes, hn::BitCast(hn::RebindToUnsigned<Floats>(), hn::Add(q, hn::Set(ints, zero)))),
        bytes, to + i);
  }
  return hn::GetLane(hn::SumOfLanes(ints, sum));
}

// Some rows as a panel of bytes, `zero` standing for 0; `byte_rows` is told how to take them back.
template <class T>
void interleave_bytes(const MatrixView& m, std::size_t first, std::size_t panel_rows, int zero,
                      ByteRow* byte_rows, std::uint8_t* to) {
  constexpr float kLargest = 127, kSmallest = 1e-30f;
  constexpr std::size_t kStep = ByteQuads::kStep;
  const auto rows = std::min(panel_rows, m.rows - first), steps = divide_up(m.depth, kStep);
  const auto padded = round_up(m.depth, hn::Lanes(Floats()));
  thread_local std::vector<float> numbers;
  thread_local std::vector<std::uint8_t> bytes;
  numbers.resize(rows * padded);
  bytes.resize(padded);
  widen_rows<T>(m, first, rows, padded, numbers.data());
  if (m.mean != nullptr) take_from_rows(m.mean, m.depth, rows, padded, numbers.data());
  for (std::size_t r = 0; r < rows; ++r) {
    const float most = std::max(largest_magnitude(numbers.data() + r * padded, padded), kSmallest);
    const auto sum = quantize_row(numbers.data() + r * padded, padded, kLargest / most, zero, bytes.data());
    byte_rows[r] = {most / kLargest, static_cast<std::int32_t>(-std::int64_t{kQueryZero} * sum)};
    for (std::size_t k = 0; k < steps; ++k)
      std::memcpy(to + (k * panel_rows + r) * kStep, bytes.data() + k * kStep, kStep);
  }
  for (std::size_t r = rows; r < panel_rows; ++r) {
    byte_rows[r] = {};
    for (std::size_t k = 0; k < steps; ++k) std::memset(to + (k * panel_rows + r) * kStep, zero, kStep);
  }
}
#endif

inline void pack_panel_target(const MatrixView& m, [[maybe_unused]] Products products, std::size_t panel,
                              void* to) {
#if HWY_TARGET == HWY_AVX3
  if (products == Products::bf16_pairs) {
    return interleave<bfloat16, Bf16Pairs>(m, panel * kTileRows, kTileRows, static_cast<bfloat16*>(to));
  }
#endif
#if LATENTDIAL_BYTE_QUADS
  if (products == Products::byte_quads) {
    return with_type(m.dtype, [&]<class T>(T) {
      interleave_bytes<T>(m, panel * kTileRows, kTileRows, 0, static_cast<ByteRow*>(to),
                          static_cast<std::uint8_t*>(to) + kByteRows);
    });
  }
#endif
  with_type(m.dtype, [&]<class T>(T) {
    interleave<T, SingleFloats>(m, panel * kTileRows, kTileRows, static_cast<float*>(to));
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace latentdial::detail::ops::cpu
HWY_AFTER_NAMESPACE();

#endif  // LATENTDIAL_OPS_CPU_ATTENTION_PANELS_INL_H_
