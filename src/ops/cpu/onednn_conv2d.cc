#include "ops/cpu/onednn_conv2d.h"

#include <algorithm>

#include "ops/cpu/onednn_primitive.h"
#include "ops/cpu/parallel.h"

namespace latentdial::detail::ops::cpu {
namespace {

using Tag = dnnl::memory::format_tag;

// The picture for which the first layout is guessed: most layers of a U-Net at 512×512 want the same one.
constexpr std::int64_t kTypicalExtent = 64;

dnnl::memory::desc plain(const Tensor& weight) {
  return {weight.shape(), dnnl::memory::data_type::f32, Tag::oihw};
}

/// A weight in oneDNN's own layout, its bias, and its primitives by [B, H, W].
class OneDnnConv2d final : public PackedConv2d {
 public:
  OneDnnConv2d(const Context& context, const Tensor& weight, const Tensor& bias, ConvGeometry geometry)
      : PackedConv2d(context.dtype, weight, geometry),
        bias_(copy_bias(bias, {weight.dim(0)})),
        weights_(plain(weight), weight,
                 describe({2, std::max(kTypicalExtent, weight.dim(2)),
                           std::max(kTypicalExtent, weight.dim(3)), weight.dim(1)},
                          onednn::attributes(Activation::none, false))
                     .weights_desc()) {}

  void run(const Context& context, const Tensor& x, const Epilogue& epilogue, Tensor& y) const override {
    run_with_epilogue("conv2d", context, epilogue, y, [&](Activation activation, bool accumulate) {
      const KernelKey key{x.shape(), activation, accumulate, context.threads};
      cache_.get(key, [&] { return build(key); })->run(x, y);
    });
  }

 private:
  [[nodiscard]] Kernel build(const KernelKey& key) const {
    const auto description = describe(key.shape, onednn::attributes(key.activation, key.accumulate));
    return {dnnl::convolution_forward(description),
            description.src_desc(),
            description.dst_desc(),
            description.scratchpad_desc(),
            weights_.in(description.weights_desc()),
            bias_};
  }

  [[nodiscard]] dnnl::convolution_forward::primitive_desc describe(
      const Shape& input, const dnnl::primitive_attr& attributes) const {
    const auto type = onednn::data_type(dtype());
    const auto result = result_shape(input);
    return onednn::convolution({{input[0], input[3], input[1], input[2]}, type, Tag::nhwc},
                               {weight_shape(), type, Tag::any}, bias_desc(bias_),
                               {{result[0], result[3], result[1], result[2]}, type, Tag::nhwc}, geometry(),
                               attributes);
  }

  dnnl::memory bias_;
  WeightLayouts weights_;
  KernelCache cache_;
};

}  // namespace

PackedWeight prepare_onednn_conv2d(const Context& context, const Tensor& weight, const Tensor& bias,
                                   ConvGeometry geometry) {
  try {
    const ThreadScope scope(context.threads);
    return std::make_shared<OneDnnConv2d>(context, weight, bias, geometry);
  } catch (const dnnl::error& error) {
    onednn::rethrow("prepare_conv2d", error);
  }
}

}  // namespace latentdial::detail::ops::cpu
