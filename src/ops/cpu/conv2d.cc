#include "ops/cpu/conv2d.h"

#include <fmt/format.h>

#include "ops/cpu/check.h"
#include "ops/cpu/linear.h"
#include "ops/cpu/multipliers.h"

namespace latentdial::detail::ops::cpu {
namespace {

constexpr auto kOp = "conv2d";

std::int64_t result_extent(std::int64_t extent, std::int64_t window, const ConvGeometry& geometry) {
  const auto room = extent + geometry.pad_before + geometry.pad_after - window;
  return room < 0 ? 0 : room / geometry.stride + 1;
}

bool is_pointwise(const Tensor& weight, const ConvGeometry& geometry) {
  return weight.dim(2) == 1 && weight.dim(3) == 1 && geometry.stride == 1 && geometry.pad_before == 0 &&
         geometry.pad_after == 0;
}

}  // namespace

Shape PackedConv2d::result_shape(const Shape& input) const {
  return {input[0], result_extent(input[1], weight_shape_[2], geometry_),
          result_extent(input[2], weight_shape_[3], geometry_), out()};
}

PackedWeight prepare_conv2d(const Context& context, const Tensor& weight, const Tensor& bias,
                            ConvGeometry geometry, Precision precision) {
  constexpr auto op = "prepare_conv2d";
  if (!weight.defined() || weight.rank() != 4) fault(op, "a weight [out, in, kh, kw] is needed");
  if (geometry.stride < 1 || geometry.pad_before < 0 || geometry.pad_after < 0) fault(op, "a bad geometry");
  check_parameter(op, weight, weight.shape());
  if (is_pointwise(weight, geometry)) {
    return prepare_linear(context, weight.reshape({weight.dim(0), weight.dim(1)}), bias, precision);
  }
  if (bias.defined()) check_parameter(op, bias, {weight.dim(0)});
  const auto layer = suits_winograd(weight, geometry) ? Layer::convolution_3x3 : Layer::convolution;
  switch (choose(context, layer, precision).by) {
    case Multiplier::own_int8:
      return prepare_int8_conv2d(context, weight, bias, geometry);
    case Multiplier::winograd_f32:
      return prepare_winograd_conv2d(context, weight, bias, geometry);
    case Multiplier::onednn_bf16:
      return prepare_onednn_conv2d(context, weight, bias, geometry);
    default:
      return prepare_window_conv2d(context, weight, bias, geometry);
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
  if (epilogue.residual != nullptr) check_activation(kOp, context, *epilogue.residual, y.shape());
  if (y.count() > 0) packed.run(context, x, epilogue, y);
  return y;
}

}  // namespace latentdial::detail::ops::cpu
