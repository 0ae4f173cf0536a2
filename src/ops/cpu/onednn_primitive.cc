#include "ops/cpu/onednn_primitive.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "ops/cpu/add.h"
#include "ops/cpu/check.h"
#include "ops/cpu/parallel.h"
#include "tensor/buffer_pool.h"

namespace latentdial::detail::ops::cpu {
namespace {

// oneDNN reads through non-const pointers.
void* writable(const Tensor& x) {
  return const_cast<std::byte*>(x.raw());
}  // NOLINT

dnnl::memory reordered(dnnl::memory from, const dnnl::memory::desc& to) {
  onednn::require_room();
  dnnl::memory result(to, onednn::engine());
  dnnl::stream stream(onednn::engine());
  dnnl::reorder(from, result).execute(stream, from, result);
  stream.wait();
  return result;
}

void copy(const Context& context, const Tensor& from, Tensor& to) {
  parallel_blocks(context.threads, static_cast<std::int64_t>(from.bytes()), 1 << 18,
                  [&](std::int64_t begin, std::int64_t end) {
                    std::memcpy(to.raw() + begin, from.raw() + begin, static_cast<std::size_t>(end - begin));
                  });
}

}  // namespace

WeightLayouts::WeightLayouts(const dnnl::memory::desc& plain_desc, const Tensor& plain,
                             const dnnl::memory::desc& packed)
    : layouts_{reordered(dnnl::memory(plain_desc, onednn::engine(), writable(plain)), packed)} {}

dnnl::memory WeightLayouts::in(const dnnl::memory::desc& wanted) const {
  const std::scoped_lock lock(mutex_);
  const auto found = std::find_if(layouts_.begin(), layouts_.end(),
                                  [&](const dnnl::memory& held) { return held.get_desc() == wanted; });
  const bool replace = std::exchange(guessed_, false);
  if (found != layouts_.end()) return *found;
  auto packed = reordered(layouts_.front(), wanted);
  if (replace) layouts_.clear();
  layouts_.push_back(packed);
  return packed;
}

void Kernel::run(const Tensor& x, Tensor& y) const {
  dnnl::stream stream(onednn::engine());
  const auto scratch = pooled_buffer(scratchpad.get_size());
  std::unordered_map<int, dnnl::memory> arguments{
      {DNNL_ARG_SRC, {src, onednn::engine(), writable(x)}},
      {DNNL_ARG_WEIGHTS, weights},
      {DNNL_ARG_DST, {dst, onednn::engine(), y.raw()}},
      {DNNL_ARG_SCRATCHPAD, {scratchpad, onednn::engine(), scratch.get()}}};
  if (bias) arguments.emplace(DNNL_ARG_BIAS, bias);
  primitive.execute(stream, arguments);
  stream.wait();
}

std::shared_ptr<const Kernel> KernelCache::get(const KernelKey& key,
                                               const std::function<Kernel()>& build) const {
  const std::scoped_lock lock(mutex_);
  auto& kernel = kernels_[key];
  if (kernel == nullptr) {
    onednn::require_room();
    kernel = std::make_shared<const Kernel>(build());
  }
  return kernel;
}

dnnl::memory copy_bias(const Tensor& bias, const dnnl::memory::dims& dims) {
  if (!bias.defined()) return {};
  const auto tag = dims.size() == 1 ? dnnl::memory::format_tag::a : dnnl::memory::format_tag::ab;
  dnnl::memory result({dims, dnnl::memory::data_type::f32, tag}, onednn::engine());
  std::memcpy(result.get_data_handle(), bias.raw(), bias.bytes());
  return result;
}

dnnl::memory::desc bias_desc(const dnnl::memory& bias) {
  return bias ? bias.get_desc() : dnnl::memory::desc();
}

void run_with_epilogue(const char* op, const Context& context, const Epilogue& epilogue, Tensor& y,
                       const std::function<void(Activation activation, bool accumulate)>& run) {
  const auto* residual = epilogue.residual;
  if (residual != nullptr) check_activation(op, context, *residual, y.shape());
  if (y.count() == 0) return;
  const bool accumulate = residual != nullptr && epilogue.activation == Activation::none;
  if (accumulate) copy(context, *residual, y);
  try {
    const ThreadScope scope(context.threads);
    run(epilogue.activation, accumulate);
  } catch (const dnnl::error& error) {
    onednn::rethrow(op, error);
  }
  if (residual != nullptr && !accumulate) add_to(context, y, *residual);
}

}  // namespace latentdial::detail::ops::cpu
