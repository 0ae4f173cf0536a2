#include "ops/cpu/attention_kernel.h"

#include <algorithm>
#include <limits>

#include "ops/cpu/operations.h"
#include "ops/cpu/parallel.h"
#include "ops/cpu/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/cpu/attention_kernel.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ops/cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace latentdial::detail::ops::cpu {
namespace HWY_NAMESPACE {

// Rows and vectors of the register tile: 24 of 32 registers hold sums, or 12 of 16.
constexpr std::size_t kTileRows = 6;
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_SSE4
constexpr std::size_t kTileVectors = 2;
#else
constexpr std::size_t kTileVectors = 4;
#endif

// Keys per step of the online softmax.
constexpr std::size_t kKeyBlock = 512;

static_assert(kQueryBlock % kTileRows == 0);

std::size_t target_vector_width() {
  return hn::Lanes(Floats());
}
std::size_t target_panel_width() {
  return kTileVectors * hn::Lanes(Floats());
}

// Whether a product replaces what its target holds or is added to it.
enum class Product { replaces, adds };

// c[kTileRows, kVectors] (+)= a[kTileRows, depth] · panel[depth, kVectors]
template <std::size_t kVectors, Product kProduct>
void multiply_tile(const float* HWY_RESTRICT a, std::size_t a_stride, const float* HWY_RESTRICT panel,
                   std::size_t depth, float* HWY_RESTRICT c, std::size_t c_stride) {
  const Floats d;
  const std::size_t lanes = hn::Lanes(d);
  Vector sums[kTileRows][kVectors];
  for (std::size_t r = 0; r < kTileRows; ++r) {
    for (std::size_t v = 0; v < kVectors; ++v) {
      sums[r][v] = kProduct == Product::adds ? hn::LoadU(d, c + r * c_stride + v * lanes) : hn::Zero(d);
    }
  }
  for (std::size_t k = 0; k < depth; ++k) {
    Vector b[kVectors];
    for (std::size_t v = 0; v < kVectors; ++v) b[v] = hn::LoadU(d, panel + (k * kVectors + v) * lanes);
    for (std::size_t r = 0; r < kTileRows; ++r) {
      const auto factor = hn::Set(d, a[r * a_stride + k]);
      for (std::size_t v = 0; v < kVectors; ++v) sums[r][v] = hn::MulAdd(factor, b[v], sums[r][v]);
    }
  }
  for (std::size_t r = 0; r < kTileRows; ++r) {
    for (std::size_t v = 0; v < kVectors; ++v) hn::StoreU(sums[r][v], d, c + r * c_stride + v * lanes);
  }
}

// c[rows, width of the panel] (+)= a[rows, depth] · panel[depth, …]; rows is a multiple of kTileRows.
template <std::size_t kVectors, Product kProduct>
void multiply_rows(const float* a, std::size_t a_stride, std::size_t rows, const float* panel,
                   std::size_t depth, float* c, std::size_t c_stride) {
  for (std::size_t r = 0; r < rows; r += kTileRows) {
    multiply_tile<kVectors, kProduct>(a + r * a_stride, a_stride, panel, depth, c + r * c_stride, c_stride);
  }
}

template <Product kProduct>
void multiply_panel(std::size_t vectors, const float* a, std::size_t a_stride, std::size_t rows,
                    const float* panel, std::size_t depth, float* c, std::size_t c_stride) {
  switch (vectors) {
    case 1:
      return multiply_rows<1, kProduct>(a, a_stride, rows, panel, depth, c, c_stride);
    case 2:
      return multiply_rows<2, kProduct>(a, a_stride, rows, panel, depth, c, c_stride);
    case 3:
      return multiply_rows<3, kProduct>(a, a_stride, rows, panel, depth, c, c_stride);
    default:
      return multiply_rows<4, kProduct>(a, a_stride, rows, panel, depth, c, c_stride);
  }
}

// Vectors of the panel that starts at this column.
std::size_t panel_vectors(const Panels& m, std::size_t column) {
  const std::size_t lanes = hn::Lanes(Floats());
  return std::min(kTileVectors, (m.columns - column + lanes - 1) / lanes);
}

// The memory of one query block.
struct Workspace {
  float* queries;   // [kQueryBlock, D], scaled
  float* scores;    // [kQueryBlock, kKeyBlock], then the probabilities
  float* gathered;  // [kQueryBlock, padded D]
  float* maximum;   // [kQueryBlock]
  float* sum;       // [kQueryBlock]
  std::size_t padded;
};

std::size_t workspace_floats(std::size_t size) {
  return kQueryBlock * (size + kKeyBlock + round_up(size, hn::Lanes(Floats())) + 2);
}

Workspace workspace_in(float* memory, std::size_t size) {
  Workspace w{};
  w.padded = round_up(size, hn::Lanes(Floats()));
  w.scores = memory;
  w.gathered = w.scores + kQueryBlock * kKeyBlock;
  w.queries = w.gathered + kQueryBlock * w.padded;
  w.maximum = w.queries + kQueryBlock * size;
  w.sum = w.maximum + kQueryBlock;
  std::fill_n(w.gathered, kQueryBlock * w.padded, 0.0f);
  std::fill_n(w.maximum, kQueryBlock, std::numeric_limits<float>::lowest());
  std::fill_n(w.sum, kQueryBlock, 0.0f);
  return w;
}

template <class T>
void load_queries(const AttentionHead& head, std::size_t first, std::size_t count, std::size_t rows,
                  float* to) {
  // The softmax is taken to base 2.
  const float scale = head.scale * 1.44269504088896f;
  const T* q = static_cast<const T*>(head.q) + first * head.stride;
  for (std::size_t r = 0; r < count; ++r) {
    for (std::size_t i = 0; i < head.size; ++i) {
      to[r * head.size + i] = static_cast<float>(q[r * head.stride + i]) * scale;
    }
  }
  std::fill_n(to + count * head.size, (rows - count) * head.size, 0.0f);
}

void score_block(const AttentionHead& head, const Workspace& w, std::size_t rows, std::size_t key,
                 std::size_t keys) {
  const std::size_t lanes = hn::Lanes(Floats());
  for (std::size_t j = key; j < key + keys; j += kTileVectors * lanes) {
    multiply_panel<Product::replaces>(panel_vectors(head.keys, j), w.queries, head.size, rows,
                                      head.keys.data + j * head.size, head.size, w.scores + (j - key),
                                      kKeyBlock);
  }
}

float maximum_of(const float* x, std::size_t count, float start) {
  const Floats d;
  const std::size_t lanes = hn::Lanes(d);
  const auto lowest = hn::Set(d, start);
  auto largest = lowest;
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) largest = hn::Max(largest, hn::LoadU(d, x + i));
  if (i < count) {
    largest = hn::Max(largest, hn::IfThenElse(hn::FirstN(d, count - i), hn::LoadU(d, x + i), lowest));
  }
  return hn::GetLane(hn::MaxOfLanes(d, largest));
}

// x[i] = 2^(x[i] − maximum) for i < count, 0 up to the next whole vector; returns the sum.
float exponentiate(float* x, std::size_t count, float maximum) {
  const Floats d;
  const std::size_t lanes = hn::Lanes(d);
  const auto shift = hn::Set(d, maximum);
  auto sum = hn::Zero(d);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto p = exp2_of_negative(hn::Sub(hn::LoadU(d, x + i), shift));
    hn::StoreU(p, d, x + i);
    sum = hn::Add(sum, p);
  }
  if (i < count) {
    const auto p =
        hn::IfThenElseZero(hn::FirstN(d, count - i), exp2_of_negative(hn::Sub(hn::LoadU(d, x + i), shift)));
    hn::StoreU(p, d, x + i);
    sum = hn::Add(sum, p);
  }
  return hn::GetLane(hn::SumOfLanes(d, sum));
}

void rescale(float* x, std::size_t count, float factor) {
  const Floats d;
  const auto f = hn::Set(d, factor);
  for (std::size_t i = 0; i < count; i += hn::Lanes(d)) hn::StoreU(hn::Mul(hn::LoadU(d, x + i), f), d, x + i);
}

// Turns row r of the scores into weights relative to the largest score so far; `visible` of its `keys` count.
void softmax_row(const Workspace& w, std::size_t r, std::size_t keys, std::size_t visible) {
  float* row = w.scores + r * kKeyBlock;
  const std::size_t lanes = hn::Lanes(Floats());
  const auto shown = round_up(visible, lanes);
  if (shown < keys) std::fill(row + shown, row + keys, 0.0f);
  if (visible == 0) return;
  const float before = w.maximum[r];
  const float now = maximum_of(row, visible, before);
  const float sum = exponentiate(row, visible, now);
  if (now != before) {
    const float decay = hn::GetLane(exp2_of_negative(hn::Set(Floats(), before - now)));
    rescale(w.gathered + r * w.padded, w.padded, decay);
    w.sum[r] *= decay;
    w.maximum[r] = now;
  }
  w.sum[r] += sum;
}

void gather_block(const AttentionHead& head, const Workspace& w, std::size_t rows, std::size_t key,
                  std::size_t keys) {
  const std::size_t lanes = hn::Lanes(Floats());
  for (std::size_t column = 0; column < head.size; column += kTileVectors * lanes) {
    const auto vectors = panel_vectors(head.values, column);
    const float* panel = head.values.data + column * head.values.rows + key * vectors * lanes;
    multiply_panel<Product::adds>(vectors, w.scores, kKeyBlock, rows, panel, keys, w.gathered + column,
                                  w.padded);
  }
}

template <class T>
void write_result(const AttentionHead& head, const Workspace& w, std::size_t first, std::size_t count) {
  const Floats d;
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t r = 0; r < count; ++r) {
    T* to = static_cast<T*>(head.result) + (first + r) * head.stride;
    const float* from = w.gathered + r * w.padded;
    const auto share = hn::Set(d, 1.0f / w.sum[r]);
    for (std::size_t i = 0; i < head.size; i += lanes) {
      const auto v = hn::Mul(hn::LoadU(d, from + i), share);
      if (i + lanes <= head.size) {
        store(v, to + i);
      } else {
        store_part(v, to + i, head.size - i);
      }
    }
  }
}

template <class T>
void attend_typed(const AttentionHead& head, std::size_t first, std::size_t count, float* scratch) {
  const auto rows = round_up(count, kTileRows);
  const auto w = workspace_in(scratch, head.size);
  load_queries<T>(head, first, count, rows, w.queries);
  const auto all = head.keys.columns;
  const auto end = head.causal ? std::min(all, first + count) : all;
  for (std::size_t key = 0; key < end; key += kKeyBlock) {
    const auto keys = std::min(kKeyBlock, end - key);
    score_block(head, w, rows, key, keys);
    for (std::size_t r = 0; r < count; ++r) {
      const auto limit = head.causal ? std::clamp(first + r + 1, key, key + keys) : key + keys;
      softmax_row(w, r, keys, limit - key);
    }
    gather_block(head, w, rows, key, keys);
  }
  write_result<T>(head, w, first, count);
}

void attend_target(const AttentionHead& head, std::size_t first, std::size_t count, float* scratch) {
  with_type(head.dtype, [&]<class T>(T) { attend_typed<T>(head, first, count, scratch); });
}

}  // namespace HWY_NAMESPACE
}  // namespace latentdial::detail::ops::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace latentdial::detail::ops::cpu {
namespace {

HWY_EXPORT(target_vector_width);
HWY_EXPORT(target_panel_width);
HWY_EXPORT(workspace_floats);
HWY_EXPORT(attend_target);

}  // namespace

std::size_t vector_width() {
  return HWY_DYNAMIC_DISPATCH(target_vector_width)();
}
std::size_t panel_width() {
  return HWY_DYNAMIC_DISPATCH(target_panel_width)();
}
std::size_t attention_scratch(std::size_t head_size) {
  return HWY_DYNAMIC_DISPATCH(workspace_floats)(head_size);
}

void attend(const AttentionHead& head, std::size_t first, std::size_t count, float* scratch) {
  HWY_DYNAMIC_DISPATCH(attend_target)(head, first, count, scratch);
}

}  // namespace latentdial::detail::ops::cpu
#endif  // HWY_ONCE
