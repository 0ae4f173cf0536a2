#include "ops/cpu/attention_kernel.h"

#include <algorithm>
#include <cstddef>
#include <limits>

#include "ops/cpu/operations.h"
#include "ops/cpu/parallel.h"
#include "ops/cpu/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/cpu/attention_kernel.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ops/cpu/attention_panels-inl.h"

HWY_BEFORE_NAMESPACE();
namespace latentdial::detail::ops::cpu {
namespace HWY_NAMESPACE {

// The register tile: rows of a panel by vectors of queries. 24 of 32 registers hold sums, or 12 of 16.
constexpr std::size_t kMostVectors = 3;

// Keys per step of the online softmax. Measured on Zen 4, heads of 40: 64 keys give 0.88 of the speed, 256
// the same.
constexpr std::size_t kKeyBlock = 128;
static_assert(kKeyBlock % kTileRows == 0);

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
  float* queries;                 // [steps of D]
  float* scores;                  // [kKeyBlock], then the weights [steps of kKeyBlock]
  float* gathered;                // [D in whole tiles]
  QueryVectors<kVectors> factor;  // Scores times it are exponents of 2.
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

// begin(r, v) + panel[kTileRows, steps] · b[steps, kVectors] goes to end(r, v, sum).
template <class Numbers, std::size_t kVectors, class Begin, class End>
HWY_INLINE void multiply_tile(const typename Numbers::Number* HWY_RESTRICT panel, std::size_t steps,
                              const float* HWY_RESTRICT b, const Begin& begin, const End& end) {
  const std::size_t lanes = hn::Lanes(Floats());
  typename Numbers::Sum sums[kTileRows][kVectors];
  for (std::size_t r = 0; r < kTileRows; ++r) {
    for (std::size_t v = 0; v < kVectors; ++v) sums[r][v] = begin(r, v);
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
    for (std::size_t v = 0; v < kVectors; ++v) end(r, v, sums[r][v]);
  }
}

template <class T, class Numbers, std::size_t kVectors>
void load_queries(const AttentionHead& head, std::size_t first, std::size_t count, Workspace<kVectors>& w) {
  constexpr float kLog2E = 1.44269504088896f;  // The softmax is taken to base 2.
  const MatrixView q{
      head.dtype, static_cast<const T*>(head.q) + first * head.stride, count, head.size, head.stride, 1};
  alignas(64) float factors[kVectors * hn::MaxLanes(Floats())];
  std::fill_n(factors, w.row(), head.scale * kLog2E);
  if constexpr (kOfBytes<Numbers>) {
    ByteRow rows[kVectors * hn::MaxLanes(Floats())];
    interleave_bytes<T>(q, 0, w.row(), kQueryZero, rows, reinterpret_cast<std::uint8_t*>(w.queries));
    for (std::size_t r = 0; r < w.row(); ++r) factors[r] *= rows[r].scale;
  } else {
    interleave<T, Numbers>(q, 0, w.row(), reinterpret_cast<typename Numbers::Number*>(w.queries));
  }
  for (std::size_t v = 0; v < kVectors; ++v)
    w.factor.of[v] = hn::LoadU(Floats(), factors + v * hn::Lanes(Floats()));
}

template <class Numbers, std::size_t kVectors>
void score_block(const AttentionHead& head, const Workspace<kVectors>& w, std::size_t key, std::size_t keys) {
  const Floats d;
  for (std::size_t j = 0; j < keys; j += kTileRows) {
    [[maybe_unused]] const ByteRow* rows = byte_rows_at(head.keys, key + j);
    const auto begin = [&]([[maybe_unused]] std::size_t r, std::size_t) {
      if constexpr (kOfBytes<Numbers>) {
        return hn::Set(Ints(), rows[r].offset);
      } else {
        return hn::Zero(d);
      }
    };
    const auto end = [&](std::size_t r, std::size_t v, typename Numbers::Sum sum) {
      float* to = w.scores + ((j + r) * kVectors + v) * hn::Lanes(d);
      if constexpr (kOfBytes<Numbers>) {
        hn::StoreU(hn::Mul(hn::ConvertTo(d, sum), hn::Set(d, rows[r].scale)), d, to);
      } else {
        hn::StoreU(sum, d, to);
      }
    };
    multiply_tile<Numbers, kVectors>(panel_at<Numbers>(head.keys, key + j, 0),
                                     divide_up(head.size, Numbers::kStep), w.queries, begin, end);
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

// Each query's largest score of this block.
template <std::size_t kVectors>
QueryVectors<kVectors> largest(const Workspace<kVectors>& w, std::size_t keys) {
  const Floats d;
  QueryVectors<kVectors> m{};
  for (auto& of : m.of) of = hn::Set(d, std::numeric_limits<float>::lowest());
  for (std::size_t j = 0; j < keys; ++j) {
    for (std::size_t v = 0; v < kVectors; ++v) {
      m.of[v] = hn::Max(m.of[v], hn::LoadU(d, w.scores + (j * kVectors + v) * hn::Lanes(d)));
    }
  }
  return m;
}

// By what is multiplied what is known of earlier blocks, and what this one gives.
template <std::size_t kVectors>
struct BlockShares {
  QueryVectors<kVectors> decay, share;
};

// Turns the scores into weights 2^(factor·(score − maximum)), in place and ready to be multiplied. The
// maximum is that of all blocks so far; of bytes this block's alone, since next to a larger one they would be
// zeros.
template <class Numbers, std::size_t kVectors>
BlockShares<kVectors> weigh_block(Workspace<kVectors>& w, std::size_t keys) {
  const Floats d;
  const auto in_block = largest(w, keys);
  QueryVectors<kVectors> shift{};
  typename Numbers::Sum sum[kVectors];
  BlockShares<kVectors> shares{};
  for (std::size_t v = 0; v < kVectors; ++v) {
    const auto maximum = hn::Max(w.maximum.of[v], in_block.of[v]), factor = w.factor.of[v];
    const auto all = hn::Mul(maximum, factor);
    shares.decay.of[v] = exp2_of_negative(hn::Sub(hn::Mul(w.maximum.of[v], factor), all));
    shift.of[v] = kOfBytes<Numbers> ? hn::Mul(in_block.of[v], factor) : all;
    if constexpr (kOfBytes<Numbers>) shares.share.of[v] = exp2_of_negative(hn::Sub(shift.of[v], all));
    w.sum.of[v] = hn::Mul(w.sum.of[v], shares.decay.of[v]);
    if constexpr (kOfBytes<Numbers>) {
      sum[v] = hn::Zero(Ints());
    } else {
      sum[v] = w.sum.of[v];
    }
    w.maximum.of[v] = maximum;
  }
  const std::size_t padded = round_up(keys, Numbers::kStep);
  // A key that only pads weighs nothing.
  if (padded > keys)
    std::fill_n(w.scores + keys * w.row(), (padded - keys) * w.row(), std::numeric_limits<float>::lowest());
  for (std::size_t j = 0; j < padded; j += Numbers::kStep) {
    for (std::size_t v = 0; v < kVectors; ++v) {
      const float* from = w.scores + (j * kVectors + v) * hn::Lanes(d);
      float* to = w.scores + (j / Numbers::kStep * kVectors + v) * hn::Lanes(d);
      sum[v] = Numbers::weigh(from, w.row(), w.factor.of[v], shift.of[v], to, sum[v]);
    }
  }
  for (std::size_t v = 0; v < kVectors; ++v) {
    if constexpr (kOfBytes<Numbers>) {
      w.sum.of[v] = hn::MulAdd(hn::ConvertTo(d, sum[v]), shares.share.of[v], w.sum.of[v]);
    } else {
      w.sum.of[v] = sum[v];
    }
  }
  return shares;
}

template <class Numbers, std::size_t kVectors>
void gather_block(const AttentionHead& head, const Workspace<kVectors>& w, std::size_t key, std::size_t keys,
                  const BlockShares<kVectors>& shares) {
  const Floats d;
  for (std::size_t i = 0; i < head.size; i += kTileRows) {
    [[maybe_unused]] const ByteRow* rows = byte_rows_at(head.values, i);
    const auto at = [&](std::size_t r, std::size_t v) {
      return w.gathered + ((i + r) * kVectors + v) * hn::Lanes(d);
    };
    const auto before = [&](std::size_t r, std::size_t v) {
      return hn::Mul(shares.decay.of[v], hn::LoadU(d, at(r, v)));
    };
    const auto begin = [&](std::size_t r, std::size_t v) {
      if constexpr (kOfBytes<Numbers>) {
        return hn::Zero(Ints());
      } else {
        return before(r, v);
      }
    };
    const auto end = [&](std::size_t r, std::size_t v, typename Numbers::Sum sum) {
      if constexpr (kOfBytes<Numbers>) {
        const auto scale = hn::Mul(shares.share.of[v], hn::Set(d, rows[r].scale));
        hn::StoreU(hn::MulAdd(hn::ConvertTo(d, sum), scale, before(r, v)), d, at(r, v));
      } else {
        hn::StoreU(sum, d, at(r, v));
      }
    };
    multiply_tile<Numbers, kVectors>(panel_at<Numbers>(head.values, i, key / Numbers::kStep),
                                     divide_up(keys, Numbers::kStep), w.scores, begin, end);
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
  auto w = workspace_in<kVectors>(scratch, head.size);
  load_queries<T, Numbers>(head, first, count, w);
  const auto all = head.keys.rows;
  const auto end = head.causal ? std::min(all, first + count) : all;
  for (std::size_t key = 0; key < end; key += kKeyBlock) {
    const auto keys = std::min(kKeyBlock, end - key);
    score_block<Numbers>(head, w, key, keys);
    if (head.causal) hide_later_keys(w, first, key, keys);
    const auto shares = weigh_block<Numbers>(w, keys);
    gather_block<Numbers>(head, w, key, keys, shares);
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

void attend_target(const AttentionHead& head, std::size_t first, std::size_t count, float* scratch) {
#if HWY_TARGET == HWY_AVX3
  if (head.products == Products::bf16_pairs)
    return attend_block<bfloat16, Bf16Pairs>(head, first, count, scratch);
#endif
#if LATENTDIAL_BYTE_QUADS
  if (head.products == Products::byte_quads) {
    return with_type(head.dtype,
                     [&]<class T>(T) { attend_block<T, ByteQuads>(head, first, count, scratch); });
  }
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
HWY_EXPORT(target_panel_bytes);
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
std::size_t panel_bytes(Products products, std::size_t depth) {
  return HWY_DYNAMIC_DISPATCH(target_panel_bytes)(products, depth);
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
