#include "ops/cpu/conv2d.h"

#include <fmt/format.h>

#include <algorithm>

#include "ops/cpu/check.h"
#include "ops/cpu/parallel.h"

namespace latentdial::ops::cpu {
namespace {

using Tag = dnnl::memory::format_tag;

constexpr auto kOp = "conv2d";

// The picture for which the first layout is guessed: most layers of a U-Net at 512×512 want the same one.
constexpr std::int64_t kTypicalExtent = 64;

dnnl::memory::desc plain(const Tensor& weight) {
  return {weight.shape(), dnnl::memory::data_type::f32, Tag::oihw};
}

std::int64_t result_extent(std::int64_t extent, std::int64_t window, const ConvGeometry& geometry) {
  const auto room = extent + geometry.pad_before + geometry.pad_after - window;
  return room < 0 ? 0 : room / geometry.stride + 1;
}

bool is_pointwise(const Tensor& weight, const ConvGeometry& geometry) {
  return weight.dim(2) == 1 && weight.dim(3) == 1 && geometry.stride == 1 && geometry.pad_before == 0 &&
         geometry.pad_after == 0;
}

}  // namespace

PackedConv2d::PackedConv2d(const Context& context, const Tensor& weight, const Tensor& bias,
                           ConvGeometry geometry)
    : dtype_(context.dtype),
      weight_dims_(weight.shape()),
      geometry_(geometry),
      bias_(copy_bias(bias, {weight.dim(0)})),
      weights_(plain(weight), weight,
               describe({2, std::max(kTypicalExtent, weight.dim(2)), std::max(kTypicalExtent, weight.dim(3)),
                         weight.dim(1)},
                        onednn::attributes(Activation::none, false))
                   .weights_desc()) {}

Shape PackedConv2d::result_shape(const Shape& input) const {
  return {input[0], result_extent(input[1], weight_dims_[2], geometry_),
          result_extent(input[2], weight_dims_[3], geometry_), weight_dims_[0]};
}

dnnl::convolution_forward::primitive_desc PackedConv2d::describe(
    const Shape& input, const dnnl::primitive_attr& attributes) const {
  const auto type = onednn::data_type(dtype_);
  const auto result = result_shape(input);
  return onednn::convolution({{input[0], input[3], input[1], input[2]}, type, Tag::nhwc},
                             {weight_dims_, type, Tag::any}, bias_desc(bias_),
                             {{result[0], result[3], result[1], result[2]}, type, Tag::nhwc}, geometry_,
                             attributes);
}

Kernel PackedConv2d::build(const KernelKey& key) const {
  const auto description = describe(key.shape, onednn::attributes(key.activation, key.accumulate));
  return {dnnl::convolution_forward(description),
          description.src_desc(),
          description.dst_desc(),
          description.scratchpad_desc(),
          weights_.in(description.weights_desc()),
          bias_};
}

std::shared_ptr<const Kernel> PackedConv2d::kernel(const KernelKey& key) const {
  return cache_.get(key, [&] { return build(key); });
}

PackedWeight prepare_conv2d(const Context& context, const Tensor& weight, const Tensor& bias,
                            ConvGeometry geometry) {
  constexpr auto op = "prepare_conv2d";
  if (!weight.defined() || weight.rank() != 4) fault(op, "a weight [out, in, kh, kw] is needed");
  if (geometry.stride < 1 || geometry.pad_before < 0 || geometry.pad_after < 0) fault(op, "a bad geometry");
  check_parameter(op, weight, weight.shape());
  if (is_pointwise(weight, geometry)) {
    return prepare_linear(context, weight.reshape({weight.dim(0), weight.dim(1)}), bias);
  }
  if (bias.defined()) check_parameter(op, bias, {weight.dim(0)});
  try {
    const ThreadScope scope(context.threads);
    return std::make_shared<PackedConv2d>(context, weight, bias, geometry);
  } catch (const dnnl::error& error) {
    onednn::rethrow(op, error);
  }
}

Tensor conv2d(const Context& context, const Tensor& x, const PackedWeight& w, const Epilogue& epilogue) {
  check_activation(kOp, context, x);
  if (x.rank() != 4) fault(kOp, fmt::format("input {} is not [B, H, W, C]", to_string(x.shape())));
  if (const auto* pointwise = dynamic_cast<const PackedLinear*>(w.get()); pointwise != nullptr) {
    return linear(kOp, context, x, *pointwise, epilogue);
  }
  const auto& packed = unpack<PackedConv2d>(kOp, w);
  const auto shape = packed.result_shape(x.shape());
  if (x.dim(3) != packed.in() || packed.dtype() != context.dtype || shape[1] < 1 || shape[2] < 1) {
    fault(kOp, fmt::format("{} {} meets a {} weight of {} inputs, giving {}", name(x.dtype()),
                           to_string(x.shape()), name(packed.dtype()), packed.in(), to_string(shape)));
  }
  Tensor y = Tensor::empty(shape, context.dtype);
  run_with_epilogue(kOp, context, epilogue, y, [&](Activation activation, bool accumulate) {
    packed.kernel({x.shape(), activation, accumulate, context.threads})->run(x, y);
  });
  return y;
}

}  // namespace latentdial::ops::cpu
