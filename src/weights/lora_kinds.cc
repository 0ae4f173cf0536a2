#include "weights/lora_kinds.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "tensor/arithmetic.h"
#include "weights/lora_algebra.h"

namespace latentdial::detail {
namespace {

/// ΔW [out, in · kernel] of a weight of that shape.
using Delta = std::function<Tensor(const Tensor& weight)>;

/// A kind's ΔW before alpha, and the rank that alpha is divided by; 0: alpha has no meaning.
struct Composed {
  Delta delta;
  std::int64_t rank = 0;
};

Composed read_low_rank(LoraFactors& f) {
  if (!f.has("lora_mid")) {
    const Tensor down = f.matrix("lora_down", 0, f.inputs() * f.kernel());
    const Tensor up = f.matrix("lora_up", f.outputs(), down.dim(0));
    return {[=](const Tensor&) { return product(up, down); }, down.dim(0)};
  }
  const Tensor down = f.matrix("lora_down", 0, f.inputs());
  const Tensor up = f.matrix("lora_up", f.outputs(), 0);
  const Tensor core = f.matrix("lora_mid", up.dim(1), down.dim(0) * f.kernel());
  return {[=](const Tensor&) { return tucker(transposed(up), core, down); }, down.dim(0)};
}

/// One of the two matrices of LoHa.
Composed read_half(LoraFactors& f, const std::string& w, const std::string& t) {
  if (!f.has(t)) {
    const Tensor b = f.matrix(w + "_b", 0, f.inputs() * f.kernel());
    const Tensor a = f.matrix(w + "_a", f.outputs(), b.dim(0));
    return {[=](const Tensor&) { return product(a, b); }, b.dim(0)};
  }
  const Tensor b = f.matrix(w + "_b", 0, f.inputs());
  const Tensor a = f.matrix(w + "_a", 0, f.outputs());
  const Tensor core = f.matrix(t, a.dim(0), b.dim(0) * f.kernel());
  return {[=](const Tensor&) { return tucker(a, core, b); }, b.dim(0)};
}

Composed read_hadamard(LoraFactors& f) {
  const Composed one = read_half(f, "hada_w1", "hada_t1"), other = read_half(f, "hada_w2", "hada_t2");
  return {[=](const Tensor& weight) { return hadamard(one.delta(weight), other.delta(weight)); }, one.rank};
}

/// The second factor of LoKr, [rows, columns · kernel].
Composed read_second(LoraFactors& f, std::int64_t rows, std::int64_t columns) {
  if (f.has("lokr_w2")) {
    const Tensor whole = f.matrix("lokr_w2", rows, columns * f.kernel());
    return {[=](const Tensor&) { return whole; }};
  }
  if (!f.has("lokr_t2")) {
    const Tensor b = f.matrix("lokr_w2_b", 0, columns * f.kernel());
    const Tensor a = f.matrix("lokr_w2_a", rows, b.dim(0));
    return {[=](const Tensor&) { return product(a, b); }, b.dim(0)};
  }
  const Tensor b = f.matrix("lokr_w2_b", 0, columns);
  const Tensor a = f.matrix("lokr_w2_a", 0, rows);
  const Tensor core = f.matrix("lokr_t2", a.dim(0), b.dim(0) * f.kernel());
  return {[=](const Tensor&) { return tucker(a, core, b); }, b.dim(0)};
}

Composed read_kronecker(LoraFactors& f) {
  std::int64_t rank = 0;
  Tensor first;
  if (f.has("lokr_w1")) {
    first = f.matrix("lokr_w1", 0, 0);
  } else {
    const Tensor b = f.matrix("lokr_w1_b", 0, 0);
    first = product(f.matrix("lokr_w1_a", 0, b.dim(0)), b);
    rank = b.dim(0);
  }
  if (f.outputs() % first.dim(0) != 0 || f.inputs() % first.dim(1) != 0)
    throw f.unfit(f.has("lokr_w1") ? "lokr_w1" : "lokr_w1_a",
                  fmt::format("a divisor of [{}, {}]", f.outputs(), f.inputs()));
  const Composed second = read_second(f, f.outputs() / first.dim(0), f.inputs() / first.dim(1));
  if (second.rank > 0) rank = second.rank;
  return {[=](const Tensor& weight) { return kronecker(first, second.delta(weight)); }, rank};
}

/// Σ W[o,i,k] · a[i,j] over the inputs of each place of a kernel → [out, J · kernel].
Tensor over_inputs(const Tensor& weight, const Tensor& a, std::int64_t kernel) {
  if (kernel == 1) return product(weight, a);
  const std::int64_t inputs = a.dim(0), outputs = weight.dim(0);
  std::vector<Tensor> rows;
  for (std::int64_t o = 0; o < outputs; ++o)
    rows.push_back(product(transposed(a), weight.slice(o, o + 1).reshape({inputs, kernel}))
                       .reshape({1, a.dim(1) * kernel}));
  return concat_rows(rows);
}

/// LyCORIS first stored GLoRA's matrices the other way round, and those of a convolution flat.
Composed read_earlier_glora(LoraFactors& f) {
  const std::int64_t inputs = f.inputs() * f.kernel();
  const Tensor a1 = f.matrix("a1", 0, inputs), b1 = f.matrix("b1", 0, inputs);
  const Tensor a2 = f.matrix("a2", inputs, a1.dim(0)), b2 = f.matrix("b2", f.outputs(), b1.dim(0));
  const auto delta = [=](const Tensor& weight) {
    Tensor sum = product(product(weight, a2), a1);
    add_scaled(sum, 1, product(b2, b1));
    return sum;
  };
  return {delta, a1.dim(0)};
}

Composed read_glora(LoraFactors& f) {
  const Shape shape = f.shape("b1");
  const bool is_earlier = !shape.empty() && shape.front() != f.outputs();
  if (is_earlier) return read_earlier_glora(f);
  const std::int64_t kernel = f.kernel();
  const Tensor a2 = f.matrix("a2", 0, f.inputs()), a1 = f.matrix("a1", f.inputs(), a2.dim(0));
  const Tensor b1 = f.matrix("b1", f.outputs(), 0);
  const bool has_core = f.has("bm");
  const Tensor b2 = f.matrix("b2", has_core ? 0 : b1.dim(1), f.inputs() * (has_core ? 1 : kernel));
  const Tensor core = has_core ? f.matrix("bm", b1.dim(1), b2.dim(0) * kernel) : Tensor();
  const auto delta = [=](const Tensor& weight) {
    Tensor sum = over_inputs(over_inputs(weight, a1, kernel), a2, kernel);
    add_scaled(sum, 1, has_core ? tucker(transposed(b1), core, b2) : product(b1, b2));
    return sum;
  };
  return {delta, a2.dim(0)};
}

Composed read_orthogonal(LoraFactors& f) {
  const bool is_turn = f.has("oft_diag");
  const double most = f.alpha().value_or(0) * static_cast<double>(f.outputs());
  if (most > 0 && !is_turn) f.add_to_hash(most);
  const Tensor blocks = f.blocks(is_turn ? "oft_diag" : "oft_blocks");
  const Tensor rescale = f.has("rescale") ? f.numbers("rescale", f.outputs()) : Tensor();
  const auto delta = [=](const Tensor& weight) {
    Tensor result = turned(is_turn ? blocks : cayley(blocks, most), weight);
    const std::int64_t columns = result.dim(1);
    for (std::int64_t i = 0; rescale.defined() && i < result.count(); ++i)
      result.data<float>()[i] *= rescale.data<float>()[i / columns];
    add_scaled(result, -1, weight);
    return result;
  };
  return {delta};
}

Composed read_difference(LoraFactors& f, const char* part) {
  const Tensor whole = f.matrix(part, f.outputs(), f.inputs() * f.kernel());
  (void)f.alpha();  // LyCORIS writes one, which it does not use.
  return {[=](const Tensor&) { return whole; }};
}

Composed read_kind(LoraKind kind, LoraFactors& factors) {
  switch (kind) {
    case LoraKind::none:
      return {};
    case LoraKind::low_rank:
      return read_low_rank(factors);
    case LoraKind::hadamard:
      return read_hadamard(factors);
    case LoraKind::kronecker:
      return read_kronecker(factors);
    case LoraKind::glora:
      return read_glora(factors);
    case LoraKind::orthogonal:
      return read_orthogonal(factors);
    case LoraKind::full:
      return read_difference(factors, "diff");
    case LoraKind::norm:
      return read_difference(factors, "w_norm");
  }
  return {};
}

/// DoRA: the magnitudes of W + ΔW, one a row or one an input.
struct Magnitude {
  Tensor values;
  bool is_of_rows = true;
};

std::optional<Magnitude> read_magnitude(LoraFactors& f) {
  if (f.has("magnitude")) return Magnitude{f.numbers("magnitude", f.outputs()), true};  // PEFT's.
  if (!f.has("dora_scale")) return std::nullopt;
  const Shape shape = f.shape("dora_scale");
  const bool is_of_rows = !shape.empty() && shape.front() == f.outputs();
  return Magnitude{f.numbers("dora_scale", is_of_rows ? f.outputs() : f.inputs()), is_of_rows};
}

/// m · (W + ΔW) / ‖W + ΔW‖ − W, of ΔW [out, in · kernel].
Tensor with_magnitude(const Magnitude& magnitude, const Tensor& weight, Tensor delta, std::int64_t kernel) {
  add_scaled(delta, 1, weight);
  const std::int64_t columns = delta.dim(1);
  const auto group = [&](std::int64_t i) {
    return static_cast<std::size_t>(magnitude.is_of_rows ? i / columns : i % columns / kernel);
  };
  std::vector<double> norms(magnitude.values.values().size());
  const auto merged = delta.values();
  for (std::int64_t i = 0; i < delta.count(); ++i)
    norms[group(i)] += std::pow(static_cast<double>(merged[static_cast<std::size_t>(i)]), 2);
  for (std::size_t g = 0; g < norms.size(); ++g)
    norms[g] = std::as_const(magnitude.values).values()[g] /
               (std::sqrt(norms[g]) + std::numeric_limits<float>::epsilon());
  for (std::int64_t i = 0; i < delta.count(); ++i) {
    float& value = merged[static_cast<std::size_t>(i)];
    value = static_cast<float>(value * norms[group(i)]);
  }
  add_scaled(delta, -1, weight);
  return delta;
}

/// γ of a layer with such an alpha, or none.
double scale_of(std::int64_t rank, std::optional<double> alpha, const LoraScaling& scaling) {
  const auto ranks = static_cast<double>(rank);
  if (rank == 0) return 1;
  if (alpha) return *alpha / ranks;
  return scaling.alpha ? *scaling.alpha / (scaling.by_root ? std::sqrt(ranks) : ranks) : 1;
}

}  // namespace

LoraChange read_lora_change(LoraKind kind, LoraFactors& factors, double scale, const LoraScaling& scaling) {
  LoraChange change;
  const bool has_bias = factors.has("diff_b");
  if (kind == LoraKind::none && !has_bias) (void)factors.matrix("lora_up", 0, 0);  // Which is missing.
  const Composed composed = read_kind(kind, factors);
  const double gamma = scale_of(composed.rank, factors.alpha(), scaling);
  if (gamma != 1) factors.add_to_hash(gamma);
  if (composed.delta) {
    const auto magnitude = read_magnitude(factors);
    const std::int64_t outputs = factors.outputs(), kernel = factors.kernel();
    change.weight = [=](Tensor& weight) {
      Tensor rows = weight.reshape({outputs, weight.count() / outputs});
      Tensor delta = composed.delta(rows);
      if (gamma != 1) delta = scaled(std::move(delta), gamma);
      if (magnitude) delta = with_magnitude(*magnitude, rows, std::move(delta), kernel);
      add_scaled(rows, scale, delta);
    };
  }
  if (has_bias)
    change.bias = [scale, added = factors.numbers("diff_b", factors.outputs())](Tensor& bias) {
      add_scaled(bias, scale, added);
    };
  factors.require_all_read();
  return change;
}

}  // namespace latentdial::detail
