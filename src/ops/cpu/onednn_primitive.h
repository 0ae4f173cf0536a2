#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "ops/cpu/context.h"
#include "ops/cpu/onednn.h"
#include "ops/ops.h"

/// What oneDNN's linear layer and convolution share: packed weights, and primitives built once per shape.
namespace latentdial::detail::ops::cpu {

/// A weight in the layouts that its primitives asked for. Normally that is one: a matrix product always wants
/// the same layout, and a model uses a convolution at one size. A convolution used at sizes for which oneDNN
/// wants different layouts keeps one copy of each, since under a foreign layout it would fall to its slow
/// reference code.
class WeightLayouts {
 public:
  /// Packs `plain` (f32 in the layout `plain_desc`) to `packed`, the guess of the layout to be wanted.
  WeightLayouts(const dnnl::memory::desc& plain_desc, const Tensor& plain, const dnnl::memory::desc& packed);

  /// The weight in this layout. The guess made at load is dropped when the first use wants another.
  [[nodiscard]] dnnl::memory in(const dnnl::memory::desc& wanted) const;

 private:
  mutable std::mutex mutex_;
  mutable std::vector<dnnl::memory> layouts_;
  mutable bool guessed_ = true;
};

/// A primitive with its constant arguments bound.
struct Kernel {
  dnnl::primitive primitive;
  dnnl::memory::desc src, dst, scratchpad;
  dnnl::memory weights, bias;

  void run(const Tensor& x, Tensor& y) const;
};

/// What a primitive is built for.
struct KernelKey {
  Shape shape;
  Activation activation = Activation::none;
  bool accumulate = false;
  int threads = 1;
  auto operator<=>(const KernelKey&) const = default;
};

/// Primitives by key; safe to use from several threads.
class KernelCache {
 public:
  [[nodiscard]] std::shared_ptr<const Kernel> get(const KernelKey& key,
                                                  const std::function<Kernel()>& build) const;

 private:
  mutable std::mutex mutex_;
  mutable std::map<KernelKey, std::shared_ptr<const Kernel>> kernels_;
};

/// A copy of the bias for oneDNN, or an empty memory when there is none.
[[nodiscard]] dnnl::memory copy_bias(const Tensor& bias, const dnnl::memory::dims& dims);
/// Descriptor of a bias made by copy_bias; of zero dimensions when there is none.
[[nodiscard]] dnnl::memory::desc bias_desc(const dnnl::memory& bias);

/// Calls `run(activation, accumulate)`, which computes into y, and applies the rest of the epilogue.
/// A residual alone is accumulated inside the primitive; behind an activation it is added afterwards.
void run_with_epilogue(const char* op, const Context& context, const Epilogue& epilogue, Tensor& y,
                       const std::function<void(Activation activation, bool accumulate)>& run);

}  // namespace latentdial::detail::ops::cpu
