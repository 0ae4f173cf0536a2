#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ops/cpu/check.h"
#include "ops/cpu/conv2d.h"
#include "ops/cpu/linear.h"
#include "ops/cpu/onednn.h"
#include "ops/cpu/parallel.h"
#include "tensor/buffer_pool.h"
#include "tensor/stop_scope.h"

/// Linear layers and convolutions by oneDNN: packed weights, and primitives built once per shape.
namespace latentdial::detail::ops::cpu {
namespace {

using Tag = dnnl::memory::format_tag;

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

/// A weight in the layouts that its primitives asked for. Normally that is one: a matrix product always wants
/// the same layout, and a model uses a convolution at one size. A convolution used at sizes for which oneDNN
/// wants different layouts keeps one copy of each, since under a foreign layout it would fall to its slow
/// reference code.
class WeightLayouts {
 public:
  /// Packs `plain` (f32 in the layout `plain_desc`) to `packed`, the guess of the layout to be wanted.
  WeightLayouts(const dnnl::memory::desc& plain_desc, const Tensor& plain, const dnnl::memory::desc& packed)
      : layouts_{reordered(dnnl::memory(plain_desc, onednn::engine(), writable(plain)), packed)} {}

  /// The weight in this layout. The guess made at load is dropped when the first use wants another.
  [[nodiscard]] dnnl::memory in(const dnnl::memory::desc& wanted) const {
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

  void run(const Tensor& x, Tensor& y) const {
    dnnl::stream stream(onednn::engine());
    const auto scratch = pooled_buffer(scratchpad.get_size());
    std::unordered_map<int, dnnl::memory> arguments{
        {DNNL_ARG_SRC, {src, onednn::engine(), writable(x)}},
        {DNNL_ARG_WEIGHTS, weights},
        {DNNL_ARG_DST, {dst, onednn::engine(), y.raw()}},
        {DNNL_ARG_SCRATCHPAD, {scratchpad, onednn::engine(), scratch.get()}}};
    if (bias) arguments.emplace(DNNL_ARG_BIAS, bias);
    throw_if_stopped(StopScope::current());
    primitive.execute(stream, arguments);
    stream.wait();
  }
};

/// A layer's packed weight, its bias, and its primitives, each built once.
template <class Primitive>
class OneDnnProduct {
 public:
  /// Describes the primitive for an input of this shape. A bias of zero dimensions is none.
  using Describe = std::function<typename Primitive::primitive_desc(
      const Shape& input, const dnnl::memory::desc& bias, const dnnl::primitive_attr& attributes)>;

  /// `plain` is the layout of the f32 weight; `typical` the input for which the first layout is guessed.
  OneDnnProduct(const dnnl::memory::desc& plain, const Tensor& weight, const dnnl::memory::desc& bias_layout,
                const Tensor& bias, const Shape& typical, Describe describe)
      : bias_(copy_bias(bias_layout, bias)),
        describe_(std::move(describe)),
        weights_(plain, weight, description({typical}).weights_desc()) {}

  /// y = activation(x·W + bias) + residual. A residual alone is accumulated inside the primitive; behind an
  /// activation it is added afterwards.
  void run(const char* op, const Context& context, const Tensor& x, const Shape& input,
           const Epilogue& epilogue, Tensor& y) const {
    const auto* residual = epilogue.residual;
    if (residual != nullptr) check_activation(op, context, *residual, y.shape());
    if (y.count() == 0) return;
    const bool accumulate = residual != nullptr && epilogue.activation == Activation::none;
    if (accumulate) copy(context, *residual, y);
    try {
      const ThreadScope scope(context.threads);
      kernel({input, epilogue.activation, accumulate, context.threads})->run(x, y);
    } catch (const dnnl::error& error) {
      onednn::rethrow(op, error);
    }
    if (residual != nullptr && !accumulate) add_to(context, y, *residual);
  }

 private:
  /// What a primitive is built for.
  struct Key {
    Shape input;
    Activation activation = Activation::none;
    bool accumulate = false;
    int threads = 1;
    auto operator<=>(const Key&) const = default;
  };

  static dnnl::memory copy_bias(const dnnl::memory::desc& layout, const Tensor& bias) {
    if (!bias.defined()) return {};
    dnnl::memory result(layout, onednn::engine());
    std::memcpy(result.get_data_handle(), bias.raw(), bias.bytes());
    return result;
  }

  static void copy(const Context& context, const Tensor& from, Tensor& to) {
    parallel_blocks(context.threads, static_cast<std::int64_t>(from.bytes()), 1 << 18,
                    [&](std::int64_t begin, std::int64_t end) {
                      std::memcpy(to.raw() + begin, from.raw() + begin,
                                  static_cast<std::size_t>(end - begin));
                    });
  }

  [[nodiscard]] typename Primitive::primitive_desc description(const Key& key) const {
    return describe_(key.input, bias_ ? bias_.get_desc() : dnnl::memory::desc(),
                     onednn::attributes(key.activation, key.accumulate));
  }

  std::shared_ptr<const Kernel> kernel(const Key& key) const {
    const std::scoped_lock lock(mutex_);
    auto& kernel = kernels_[key];
    if (kernel == nullptr) {
      onednn::require_room();
      const auto built = description(key);
      kernel = std::make_shared<const Kernel>(Kernel{Primitive(built), built.src_desc(), built.dst_desc(),
                                                     built.scratchpad_desc(),
                                                     weights_.in(built.weights_desc()), bias_});
    }
    return kernel;
  }

  dnnl::memory bias_;
  Describe describe_;
  WeightLayouts weights_;
  mutable std::mutex mutex_;
  mutable std::map<Key, std::shared_ptr<const Kernel>> kernels_;
};

constexpr auto kF32 = dnnl::memory::data_type::f32;

class OneDnnLinear final : public PackedLinear {
 public:
  OneDnnLinear(const Context& context, const Tensor& weight, const Tensor& bias)
      : PackedLinear(context.dtype, weight.dim(1), weight.dim(0)),
        product_({{in(), out()}, kF32, Tag::ba}, weight, {{1, out()}, kF32, Tag::ab}, bias, {kTypicalRows},
                 [this](const Shape& input, const auto& bias_desc, const auto& attributes) {
                   const auto type = onednn::data_type(dtype());
                   return onednn::matmul({{input[0], in()}, type, Tag::ab}, {{in(), out()}, type, Tag::any},
                                         bias_desc, {{input[0], out()}, type, Tag::ab}, attributes);
                 }) {}

  void run(const Context& context, const Tensor& x, const Epilogue& epilogue, Tensor& y) const override {
    product_.run("linear", context, x, {x.count() / in()}, epilogue, y);
  }

 private:
  // The layout of the weight does not depend on the number of rows; this many stand for all.
  static constexpr std::int64_t kTypicalRows = 1024;

  OneDnnProduct<dnnl::matmul> product_;
};

class OneDnnConv2d final : public PackedConv2d {
 public:
  OneDnnConv2d(const Context& context, const Tensor& weight, const Tensor& bias, ConvGeometry geometry)
      : PackedConv2d(context.dtype, weight, geometry),
        product_({weight.shape(), kF32, Tag::oihw}, weight, {{out()}, kF32, Tag::a}, bias,
                 {2, std::max(kTypicalExtent, weight.dim(2)), std::max(kTypicalExtent, weight.dim(3)), in()},
                 [this](const Shape& input, const auto& bias_desc, const auto& attributes) {
                   const auto type = onednn::data_type(dtype());
                   const auto result = result_shape(input);
                   return onednn::convolution({{input[0], input[3], input[1], input[2]}, type, Tag::nhwc},
                                              {weight_shape(), type, Tag::any}, bias_desc,
                                              {{result[0], result[3], result[1], result[2]}, type, Tag::nhwc},
                                              this->geometry(), attributes);
                 }) {}

  void run(const Context& context, const Tensor& x, const Epilogue& epilogue, Tensor& y) const override {
    product_.run("conv2d", context, x, x.shape(), epilogue, y);
  }

 private:
  // The picture for which the first layout is guessed: most layers of a U-Net at 512×512 want the same one.
  static constexpr std::int64_t kTypicalExtent = 64;

  OneDnnProduct<dnnl::convolution_forward> product_;
};

template <class Layer, class... Arguments>
PackedWeight prepared(const char* op, const Context& context, const Arguments&... arguments) {
  try {
    const ThreadScope scope(context.threads);
    return std::make_shared<Layer>(context, arguments...);
  } catch (const dnnl::error& error) {
    onednn::rethrow(op, error);
  }
}

}  // namespace

PackedWeight prepare_onednn_linear(const Context& context, const Tensor& weight, const Tensor& bias) {
  return prepared<OneDnnLinear>("prepare_linear", context, weight, bias);
}

PackedWeight prepare_onednn_conv2d(const Context& context, const Tensor& weight, const Tensor& bias,
                                   ConvGeometry geometry) {
  return prepared<OneDnnConv2d>("prepare_conv2d", context, weight, bias, geometry);
}

}  // namespace latentdial::detail::ops::cpu
