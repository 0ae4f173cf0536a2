#include "ops/cpu/attention_kernel.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "ops/cpu/operations.h"
#include "ops/cpu/parallel.h"
#include "ops/cpu/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/cpu/attention_kernel.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ops/cpu/attention_numbers-inl.h"

HWY_BEFORE_NAMESPACE();
namespace latentdial::detail::ops::cpu {
namespace HWY_NAMESPACE {

// The register tile: rows of a panel by vectors of queries. 24 of 32 registers hold sums, or 12 of 16.
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_SSE4
constexpr std::size_t kTileRows = 4;
#else
constexpr std::size_t kTileRows = 8;
#endif
constexpr std::size_t kMostVectors = 3;

// Keys per step of the online softmax. Measured on Zen 4, heads of 40: 64 keys give 0.88 of the speed, 256
// the same.
constexpr std::size_t kKeyBlock = 128;
static_assert(kKeyBlock % kTileRows == 0);

std::size_t target_panel_rows() {
  return kTileRows;
}
std::size_t target_query_block() {
  return kMostVectors * hn::Lanes(Floats());
}

// kVectors vectors of queries; what a softmax keeps of each query.
template <std::size_t kVectors>
struct QueryVectors {
  Vector of[kVectors];
};

// The memory of one query block: rows of kVectors vectors, whose lanes are queries.
template <std::size_t kVectors>
struct Workspace {
  float* queries;   // [steps of D]
  float* scores;    // [kKeyBlock], then the weights [steps of kKeyBlock]
  float* gathered;  // [D in whole tiles]
  QueryVectors<kVectors> maximum, sum;

  static std::size_t row() { return kVectors * hn::Lanes(Floats()); }
};

std::size_t workspace_floats(std::size_t size) {
  return Workspace<kMostVectors>::row() * (size + kKeyBlock + round_up(size, kTileRows));
}

template <std::size_t kVectors>
Workspace<kVectors> workspace_in(float* memory, std::size_t size) {
  Workspace<kVectors> w{};
  w.scores = memory;
  w.queries = w.scores + kKeyBlock * w.row();
  w.gathered = w.queries + size * w.row();
  std::fill_n(w.gathered, round_up(size, kTileRows) * w.row(), 0.0f);
  for (auto& m : w.maximum.of) m = hn::Set(Floats(), std::numeric_limits<float>::lowest());
  for (auto& s : w.sum.of) s = hn::Zero(Floats());
  return w;
}

// c = factor·c + panel[kTileRows, steps] · b[steps, kVectors]; without `factor` c is replaced.
template <class Numbers, std::size_t kVectors>
void multiply_tile(const typename Numbers::Number* HWY_RESTRICT panel, std::size_t steps,
                   const float* HWY_RESTRICT b, float* HWY_RESTRICT c, const QueryVectors<kVectors>* factor) {
  const Floats d;
  const std::size_t lanes = hn::Lanes(d);
  Vector sums[kTileRows][kVectors];
  for (std::size_t r = 0; r < kTileRows; ++r) {
    for (std::size_t v = 0; v < kVectors; ++v) {
      sums[r][v] =
          factor ? hn::Mul(factor->of[v], hn::LoadU(d, c + (r * kVectors + v) * lanes)) : hn::Zero(d);
    }
  }
  for (std::size_t k = 0; k < steps; ++k) {
    typename Numbers::Factor columns[kVectors];
    for (std::size_t v = 0; v < kVectors; ++v) columns[v] = Numbers::load(b + (k * kVectors + v) * lanes);
    for (std::size_t r = 0; r < kTileRows; ++r) {
      const auto row = Numbers::repeat(panel + (k * kTileRows + r) * Numbers::kStep);
      for (std::size_t v = 0; v < kVectors; ++v)
        sums[r][v] = Numbers::add_product(row, columns[v], sums[r][v]);
    }
  }
  for (std::size_t r = 0; r < kTileRows; ++r) {
    for (std::size_t v = 0; v < kVectors; ++v) hn::StoreU(sums[r][v], d, c + (r * kVectors + v) * lanes);
  }
}

// The numbers of a panel from this row and this step of its depth on.
template <class Numbers>
const typename Numbers::Number* panel_at(const Panels& m, std::size_t row, std::size_t step) {
  const auto steps = divide_up(m.depth, Numbers::kStep);
  return static_cast<const typename Numbers::Number*>(m.data) +
         (row / kTileRows * steps + step) * kTileRows * Numbers::kStep;
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

template <class T, class Numbers, std::size_t kVectors>
void load_queries(const AttentionHead& head, std::size_t first, std::size_t count,
                  const Workspace<kVectors>& w) {
  const MatrixView q{
      head.dtype, static_cast<const T*>(head.q) + first * head.stride, count, head.size, head.stride, 1};
  interleave<T, Numbers>(q, 0, w.row(), reinterpret_cast<typename Numbers::Number*>(w.queries));
}

template <class Numbers, std::size_t kVectors>
void score_block(const AttentionHead& head, const Workspace<kVectors>& w, std::size_t key, std::size_t keys) {
  for (std::size_t j = 0; j < keys; j += kTileRows) {
    multiply_tile<Numbers, kVectors>(panel_at<Numbers>(head.keys, key + j, 0),
                                     divide_up(head.size, Numbers::kStep), w.queries, w.scores + j * w.row(),
                                     nullptr);
  }
}

// Query first + i sees no key after itself: the scores of those become the lowest number.
template <std::size_t kVectors>
void hide_later_keys(const Workspace<kVectors>& w, std::size_t first, std::size_t key, std::size_t keys) {
  for (std::size_t j = 0; j < keys; ++j) {
    if (key + j <= first) continue;
    std::fill_n(w.scores + j * w.row(), std::min(w.row(), key + j - first),
                std::numeric_limits<float>::lowest());
  }
}

// Each query's largest score of this block and of those before.
template <std::size_t kVectors>
QueryVectors<kVectors> largest(const Workspace<kVectors>& w, std::size_t keys) {
  const Floats d;
  auto m = w.maximum;
  for (std::size_t j = 0; j < keys; ++j) {
    for (std::size_t v = 0; v < kVectors; ++v) {
      m.of[v] = hn::Max(m.of[v], hn::LoadU(d, w.scores + (j * kVectors + v) * hn::Lanes(d)));
    }
  }
  return m;
}

// Turns the scores into weights 2^(scale·(score − maximum)), in place and ready to be multiplied; returns by
// what is known of earlier blocks must be multiplied.
template <class Numbers, std::size_t kVectors>
QueryVectors<kVectors> weigh_block(Workspace<kVectors>& w, std::size_t keys, float scale) {
  const Floats d;
  const auto factor = hn::Set(d, scale);
  const auto maximum = largest(w, keys);
  QueryVectors<kVectors> shift{}, decay{};
  for (std::size_t v = 0; v < kVectors; ++v) {
    shift.of[v] = hn::Mul(maximum.of[v], factor);
    decay.of[v] = exp2_of_negative(hn::Sub(hn::Mul(w.maximum.of[v], factor), shift.of[v]));
    w.sum.of[v] = hn::Mul(w.sum.of[v], decay.of[v]);
  }
  w.maximum = maximum;
  const std::size_t padded = round_up(keys, Numbers::kStep);
  // A key that only pads weighs nothing.
  if (padded > keys) std::fill_n(w.scores + keys * w.row(), w.row(), std::numeric_limits<float>::lowest());
  for (std::size_t j = 0; j < padded; j += Numbers::kStep) {
    for (std::size_t v = 0; v < kVectors; ++v) {
      const float* from = w.scores + (j * kVectors + v) * hn::Lanes(d);
      float* to = w.scores + (j / Numbers::kStep * kVectors + v) * hn::Lanes(d);
      w.sum.of[v] = hn::Add(w.sum.of[v], Numbers::weigh(from, w.row(), factor, shift.of[v], to));
    }
  }
  return decay;
}

template <class Numbers, std::size_t kVectors>
void gather_block(const AttentionHead& head, const Workspace<kVectors>& w, std::size_t key, std::size_t keys,
                  const QueryVectors<kVectors>& decay) {
  for (std::size_t i = 0; i < head.size; i += kTileRows) {
    multiply_tile<Numbers, kVectors>(panel_at<Numbers>(head.values, i, key / Numbers::kStep),
                                     divide_up(keys, Numbers::kStep), w.scores, w.gathered + i * w.row(),
                                     &decay);
  }
}

template <class T, std::size_t kVectors>
void write_result(const AttentionHead& head, const Workspace<kVectors>& w, std::size_t first,
                  std::size_t count) {
  const Floats d;
  const std::size_t lanes = hn::Lanes(d);
  alignas(64) float sums[kVectors * hn::MaxLanes(Floats())];
  for (std::size_t v = 0; v < kVectors; ++v) hn::StoreU(w.sum.of[v], d, sums + v * lanes);
  for (std::size_t r = 0; r < count; ++r) {
    T* to = static_cast<T*>(head.result) + (first + r) * head.stride;
    const auto share = hn::Set(d, 1.0f / sums[r]);
    for (std::size_t i = 0; i < head.size; i += lanes) {
      const auto size = std::min(lanes, head.size - i);
      alignas(64) float column[hn::MaxLanes(Floats())] = {};
      for (std::size_t c = 0; c < size; ++c) column[c] = w.gathered[(i + c) * w.row() + r];
      const auto values = hn::Mul(hn::LoadU(d, column), share);
      if (size == lanes) {
        store(values, to + i);
      } else {
        store_part(values, to + i, size);
      }
    }
  }
}

template <class T, class Numbers, std::size_t kVectors>
void attend_typed(const AttentionHead& head, std::size_t first, std::size_t count, float* scratch) {
  constexpr float kLog2E = 1.44269504088896f;  // The softmax is taken to base 2.
  auto w = workspace_in<kVectors>(scratch, head.size);
  load_queries<T, Numbers>(head, first, count, w);
  const auto all = head.keys.rows;
  const auto end = head.causal ? std::min(all, first + count) : all;
  for (std::size_t key = 0; key < end; key += kKeyBlock) {
    const auto keys = std::min(kKeyBlock, end - key);
    score_block<Numbers>(head, w, key, keys);
    if (head.causal) hide_later_keys(w, first, key, keys);
    const auto decay = weigh_block<Numbers>(w, keys, head.scale * kLog2E);
    gather_block<Numbers>(head, w, key, keys, decay);
  }
  write_result<T>(head, w, first, count);
}

template <class T, class Numbers>
void attend_block(const AttentionHead& head, std::size_t first, std::size_t count, float* scratch) {
  const auto vectors = divide_up(count, hn::Lanes(Floats()));
  if (vectors == 1) return attend_typed<T, Numbers, 1>(head, first, count, scratch);
  if (vectors == 2) return attend_typed<T, Numbers, 2>(head, first, count, scratch);
  attend_typed<T, Numbers, kMostVectors>(head, first, count, scratch);
}

void pack_panel_target(const MatrixView& m, [[maybe_unused]] Products products, std::size_t panel, void* to) {
#if HWY_TARGET == HWY_AVX3
  if (products == Products::bf16_pairs) {
    return interleave<bfloat16, Bf16Pairs>(m, panel * kTileRows, kTileRows, static_cast<bfloat16*>(to));
  }
#endif
  with_type(m.dtype, [&]<class T>(T) {
    interleave<T, SingleFloats>(m, panel * kTileRows, kTileRows, static_cast<float*>(to));
  });
}

void attend_target(const AttentionHead& head, std::size_t first, std::size_t count, float* scratch) {
#if HWY_TARGET == HWY_AVX3
  if (head.products == Products::bf16_pairs)
    return attend_block<bfloat16, Bf16Pairs>(head, first, count, scratch);
#endif
  with_type(head.dtype, [&]<class T>(T) { attend_block<T, SingleFloats>(head, first, count, scratch); });
}

}  // namespace HWY_NAMESPACE
}  // namespace latentdial::detail::ops::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace latentdial::detail::ops::cpu {
namespace {

HWY_EXPORT(target_panel_rows);
HWY_EXPORT(target_query_block);
HWY_EXPORT(workspace_floats);
HWY_EXPORT(pack_panel_target);
HWY_EXPORT(attend_target);

}  // namespace

bool has_bf16_pairs() {
#ifdef __x86_64__
  return __builtin_cpu_supports("avx512bf16") != 0 && (hwy::SupportedTargets() & HWY_AVX3) != 0;
#else
  return false;
#endif
}

std::size_t panel_rows() {
  return HWY_DYNAMIC_DISPATCH(target_panel_rows)();
}
std::size_t query_block() {
  return HWY_DYNAMIC_DISPATCH(target_query_block)();
}
std::size_t attention_scratch(std::size_t head_size) {
  return HWY_DYNAMIC_DISPATCH(workspace_floats)(head_size);
}

void pack_panel(const MatrixView& m, Products products, std::size_t panel, void* to) {
  HWY_DYNAMIC_DISPATCH(pack_panel_target)(m, products, panel, to);
}

void attend(const AttentionHead& head, std::size_t first, std::size_t count, float* scratch) {
  HWY_DYNAMIC_DISPATCH(attend_target)(head, first, count, scratch);
}

}  // namespace latentdial::detail::ops::cpu
#endif  // HWY_ONCE
