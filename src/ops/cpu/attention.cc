#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ops/cpu/attention_kernel.h"
#include "ops/cpu/check.h"
#include "ops/cpu/operations.h"
#include "ops/cpu/parallel.h"

namespace latentdial::detail::ops::cpu {
namespace {

constexpr auto kOp = "attention";

/// Extents of one call. Heads are interleaved: head h owns the columns [h·size, (h + 1)·size).
struct Extents {
  std::int64_t batch, queries, keys, channels, heads;
  std::int64_t size = channels / heads;
  std::int64_t vector = static_cast<std::int64_t>(vector_width());
  std::int64_t panel = static_cast<std::int64_t>(panel_width());
  std::int64_t key_floats = size * round_up(keys, vector);
  std::int64_t value_floats = keys * round_up(size, vector);

  [[nodiscard]] std::int64_t all_heads() const { return batch * heads; }
  /// Element offset of a head's first row in a tensor of `rows` rows per batch.
  [[nodiscard]] std::int64_t origin(std::int64_t head, std::int64_t rows) const {
    return (head / heads) * rows * channels + (head % heads) * size;
  }
};

// Columns [first, first + panel) of one head's Kᵀ.
template <class T>
void pack_key_panel(const Extents& e, const T* k, std::int64_t first, float* to) {
  const auto width = std::min(e.panel, round_up(e.keys - first, e.vector));
  const auto filled = std::min(width, e.keys - first);
  for (std::int64_t d = 0; d < e.size; ++d) {
    for (std::int64_t j = 0; j < filled; ++j) {
      to[d * width + j] = static_cast<float>(k[(first + j) * e.channels + d]);
    }
    std::fill(to + d * width + filled, to + (d + 1) * width, 0.0f);
  }
}

// Columns [first, first + panel) of one head's V.
template <class T>
void pack_value_panel(const Extents& e, const T* v, std::int64_t first, float* to) {
  const auto width = std::min(e.panel, round_up(e.size - first, e.vector));
  const auto filled = std::min(width, e.size - first);
  for (std::int64_t j = 0; j < e.keys; ++j) {
    for (std::int64_t d = 0; d < filled; ++d) {
      to[j * width + d] = static_cast<float>(v[j * e.channels + first + d]);
    }
    std::fill(to + j * width + filled, to + (j + 1) * width, 0.0f);
  }
}

// All heads' keys and values as panels, [heads, floats].
template <class T>
void pack(const Context& context, const Extents& e, const Tensor& k, const Tensor& v, Tensor& keys,
          Tensor& values) {
  const auto key_panels = divide_up(e.keys, e.panel);
  parallel_for(context.threads, e.all_heads() * key_panels, [&](std::int64_t i, int /*thread*/) {
    const auto head = i / key_panels, first = i % key_panels * e.panel;
    pack_key_panel(e, k.data<T>() + e.origin(head, e.keys), first,
                   keys.data<float>() + head * e.key_floats + first * e.size);
  });
  const auto value_panels = divide_up(e.size, e.panel);
  parallel_for(context.threads, e.all_heads() * value_panels, [&](std::int64_t i, int /*thread*/) {
    const auto head = i / value_panels, first = i % value_panels * e.panel;
    pack_value_panel(e, v.data<T>() + e.origin(head, e.keys), first,
                     values.data<float>() + head * e.value_floats + first * e.keys);
  });
}

Extents check(const Context& context, const Tensor& q, const Tensor& k, const Tensor& v, std::int64_t heads,
              bool causal) {
  check_activation(kOp, context, q);
  check_activation(kOp, context, k);
  check_activation(kOp, context, v, k.shape());
  if (q.rank() != 3 || k.rank() != 3 || q.dim(0) != k.dim(0) || q.dim(2) != k.dim(2) || heads < 1 ||
      q.dim(2) % heads != 0 || k.count() == 0 || (causal && q.dim(1) != k.dim(1))) {
    fault(kOp, fmt::format("queries {} meet keys {} in {} heads{}", to_string(q.shape()),
                           to_string(k.shape()), heads, causal ? ", causal" : ""));
  }
  return {.batch = q.dim(0), .queries = q.dim(1), .keys = k.dim(1), .channels = q.dim(2), .heads = heads};
}

AttentionHead head_of(const Context& context, const Extents& e, const Tensor& q, Tensor& y,
                      const Tensor& keys, const Tensor& values, std::int64_t head, bool causal) {
  const auto offset = static_cast<std::size_t>(e.origin(head, e.queries)) * element_size(context.dtype);
  const auto size = static_cast<std::size_t>(e.size), count = static_cast<std::size_t>(e.keys);
  return {.dtype = context.dtype,
          .size = size,
          .stride = static_cast<std::size_t>(e.channels),
          .q = q.raw() + offset,
          .result = y.raw() + offset,
          .keys = {keys.data<float>() + head * e.key_floats, size, count},
          .values = {values.data<float>() + head * e.value_floats, count, size},
          .scale = 1.0f / std::sqrt(static_cast<float>(e.size)),
          .causal = causal};
}

}  // namespace

Tensor attention(const Context& context, const Tensor& q, const Tensor& k, const Tensor& v,
                 std::int64_t heads, bool causal) {
  const auto e = check(context, q, k, v, heads, causal);
  Tensor keys = Tensor::empty({e.all_heads(), e.key_floats});
  Tensor values = Tensor::empty({e.all_heads(), e.value_floats});
  with_type(context.dtype, [&]<class T>(T) { pack<T>(context, e, k, v, keys, values); });
  Tensor y = Tensor::empty(q.shape(), q.dtype());
  const auto block = static_cast<std::int64_t>(kQueryBlock);
  const auto blocks = divide_up(e.queries, block);
  const auto scratch_floats = round_up(
      static_cast<std::int64_t>(attention_scratch(static_cast<std::size_t>(e.size))), std::int64_t{16});
  Tensor scratch = Tensor::empty({context.threads, scratch_floats});
  parallel_for(context.threads, e.all_heads() * blocks, [&](std::int64_t i, int thread) {
    const auto first = i % blocks * block;
    attend(head_of(context, e, q, y, keys, values, i / blocks, causal), static_cast<std::size_t>(first),
           static_cast<std::size_t>(std::min(block, e.queries - first)),
           scratch.data<float>() + thread * scratch_floats);
  });
  return y;
}

}  // namespace latentdial::detail::ops::cpu
