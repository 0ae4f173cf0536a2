#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ops/cpu/attention_kernel.h"
#include "ops/cpu/check.h"
#include "ops/cpu/multipliers.h"
#include "ops/cpu/operations.h"
#include "ops/cpu/parallel.h"

namespace latentdial::detail::ops::cpu {
namespace {

constexpr auto kOp = "attention";

/// Extents of one call. Heads are interleaved: head h owns the columns [h·size, (h + 1)·size).
struct Extents {
  std::size_t batch, queries, keys, channels, heads;
  std::size_t size = channels / heads;

  [[nodiscard]] std::size_t all_heads() const { return batch * heads; }
  /// Element offset of a head's first row in a tensor of `rows` rows per batch.
  [[nodiscard]] std::size_t origin(std::size_t head, std::size_t rows) const {
    return (head / heads) * rows * channels + (head % heads) * size;
  }
};

/// One head's matrix, or its transpose, as panels of all heads' matrices want it; `mean`: see mean_keys.
MatrixView keys_of(const Extents& e, const Tensor& k, const Tensor& mean, std::size_t head) {
  return {k.dtype(), k.raw() + e.origin(head, e.keys) * element_size(k.dtype()),   e.keys, e.size, e.channels,
          1,         mean.defined() ? mean.data<float>() + head * e.size : nullptr};
}
MatrixView transposed_values_of(const Extents& e, const Tensor& v, std::size_t head) {
  return {v.dtype(), v.raw() + e.origin(head, e.keys) * element_size(v.dtype()), e.size, e.keys, 1,
          e.channels};
}

/// The panels of all heads' matrices.
class PackedHeads {
 public:
  /// `view_of(head)` is that head's matrix; all are of one shape.
  template <class ViewOf>
  PackedHeads(const Context& context, Products products, std::size_t heads, const ViewOf& view_of)
      : rows_(view_of(0).rows), depth_(view_of(0).depth), panel_bytes_(panel_bytes(products, depth_)) {
    const auto panels = divide_up(rows_, panel_rows());
    const auto extent = [](std::size_t n) { return static_cast<std::int64_t>(n); };
    data_ = Tensor::empty({extent(heads), extent(panels), extent(panel_bytes_ / sizeof(float))});
    parallel_for(context.threads, extent(heads * panels), [&](std::int64_t i, int /*thread*/) {
      const auto at = static_cast<std::size_t>(i);
      pack_panel(view_of(at / panels), products, at % panels, data_.raw() + at * panel_bytes_);
    });
  }

  [[nodiscard]] Panels of(std::size_t head) const {
    return {data_.raw() + head * (data_.bytes() / static_cast<std::size_t>(data_.dim(0))), rows_, depth_,
            panel_bytes_};
  }

 private:
  std::size_t rows_, depth_, panel_bytes_;
  Tensor data_;
};

/// The mean key of each head, [heads, size]. Without it keys fill their bytes better, and a softmax does not
/// see what all its scores have in common.
Tensor mean_keys(const Context& context, const Extents& e, const Tensor& k) {
  Tensor mean = Tensor::zeros({static_cast<std::int64_t>(e.all_heads()), static_cast<std::int64_t>(e.size)});
  parallel_for(context.threads, mean.dim(0), [&](std::int64_t head, int /*thread*/) {
    const auto view = keys_of(e, k, {}, static_cast<std::size_t>(head));
    float* to = mean.data<float>() + head * mean.dim(1);
    with_type(view.dtype, [&]<class T>(T) {
      for (std::size_t row = 0; row < view.rows; ++row) {
        const T* from = static_cast<const T*>(view.data) + row * view.row_stride;
        for (std::size_t i = 0; i < view.depth; ++i) to[i] += static_cast<float>(from[i]);
      }
    });
    for (std::size_t i = 0; i < view.depth; ++i) to[i] /= static_cast<float>(view.rows);
  });
  return mean;
}

/// Pictures attend to themselves in 8 bits, where a model is of those: few keys, as a prompt's are, cost
/// little, and each counts.
Precision precision_of(const Extents& e) {
  constexpr std::size_t kFewKeys = 256;
  return e.keys == e.queries && e.keys >= kFewKeys ? Precision::reducible : Precision::full;
}

Products products_of(const Context& context, const Extents& e) {
  switch (choose(context, Layer::attention, precision_of(e)).by) {
    case Multiplier::own_int8:
      return Products::byte_quads;
    case Multiplier::bf16_pairs:
      return Products::bf16_pairs;
    default:
      return Products::f32;
  }
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
  const auto extent = [](std::int64_t n) { return static_cast<std::size_t>(n); };
  return {.batch = extent(q.dim(0)),
          .queries = extent(q.dim(1)),
          .keys = extent(k.dim(1)),
          .channels = extent(q.dim(2)),
          .heads = extent(heads)};
}

}  // namespace

Tensor attention(const Context& context, const Tensor& q, const Tensor& k, const Tensor& v,
                 std::int64_t heads, bool causal) {
  const auto e = check(context, q, k, v, heads, causal);
  const auto products = products_of(context, e);
  const Tensor mean = products == Products::byte_quads ? mean_keys(context, e, k) : Tensor();
  const PackedHeads keys(context, products, e.all_heads(),
                         [&](std::size_t h) { return keys_of(e, k, mean, h); });
  const PackedHeads values(context, products, e.all_heads(),
                           [&](std::size_t h) { return transposed_values_of(e, v, h); });
  Tensor y = Tensor::empty(q.shape(), q.dtype());
  const auto blocks = divide_up(e.queries, query_block());
  const auto scratch_floats = static_cast<std::int64_t>(round_up(attention_scratch(e.size), std::size_t{16}));
  Tensor scratch = Tensor::empty({context.threads, scratch_floats});
  parallel_for(context.threads, static_cast<std::int64_t>(e.all_heads() * blocks),
               [&](std::int64_t i, int thread) {
                 const auto head = static_cast<std::size_t>(i) / blocks,
                            first = static_cast<std::size_t>(i) % blocks * query_block();
                 const auto offset = e.origin(head, e.queries) * element_size(context.dtype);
                 attend({.dtype = context.dtype,
                         .products = products,
                         .size = e.size,
                         .stride = e.channels,
                         .q = q.raw() + offset,
                         .result = y.raw() + offset,
                         .keys = keys.of(head),
                         .values = values.of(head),
                         .scale = 1.0f / std::sqrt(static_cast<float>(e.size)),
                         .causal = causal},
                        first, std::min(query_block(), e.queries - first),
                        scratch.data<float>() + thread * scratch_floats);
               });
  return y;
}

}  // namespace latentdial::detail::ops::cpu
