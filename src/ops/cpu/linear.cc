#include "ops/cpu/linear.h"

#include <fmt/format.h>

#include <vector>

#include "ops/cpu/check.h"
#include "ops/cpu/int8_product.h"
#include "ops/cpu/multipliers.h"
#include "ops/cpu/product.h"
#include "ops/cpu/read_row.h"

namespace latentdial::detail::ops::cpu {
namespace {

/// A linear layer through our own product.
class TiledLinear final : public PackedLinear {
 public:
  TiledLinear(const Context& context, const Tensor& weight, const Tensor& bias)
      : PackedLinear(context.dtype, weight.dim(1), weight.dim(0)), matrix_(context, weight, bias) {}

  void run(const Context& context, const Tensor& x, const Epilogue& epilogue, Tensor& y) const override {
    multiply(
        context, [&](std::int64_t row, float* to) { read_row(x, row * in(), in(), to); }, matrix_, epilogue,
        y);
  }

 private:
  PackedMatrix matrix_;
};

/// A linear layer of 8-bit numbers. Each row is quantized by its own range.
class Int8Linear final : public PackedLinear {
 public:
  Int8Linear(const Context& context, const Tensor& weight, const Tensor& bias)
      : PackedLinear(context.dtype, weight.dim(1), weight.dim(0)), matrix_(context, weight, bias) {}

  void run(const Context& context, const Tensor& x, const Epilogue& epilogue, Tensor& y) const override {
    const auto read = [&](std::int64_t row, std::uint8_t* to) {
      thread_local std::vector<float> numbers;
      numbers.resize(static_cast<std::size_t>(in()));
      read_row(x, row * in(), in(), numbers.data());
      const auto quantization = quantization_of(range_of(numbers.data(), numbers.size()));
      quantize(numbers.data(), numbers.size(), quantization, to);
      return quantization;
    };
    multiply(context, read, matrix_, epilogue, y);
  }

 private:
  Int8Matrix matrix_;
};

}  // namespace

PackedWeight prepare_linear(const Context& context, const Tensor& weight, const Tensor& bias,
                            Precision precision) {
  constexpr auto op = "prepare_linear";
  if (!weight.defined() || weight.rank() != 2) fault(op, "a weight [out, in] is needed");
  check_parameter(op, weight, weight.shape());
  if (bias.defined()) check_parameter(op, bias, {weight.dim(0)});
  switch (choose(context, Layer::linear, precision).by) {
    case Multiplier::own_int8:
      return std::make_shared<Int8Linear>(context, weight, bias);
    case Multiplier::onednn_bf16:
      return prepare_onednn_linear(context, weight, bias);
    default:
      return std::make_shared<TiledLinear>(context, weight, bias);
  }
}

Tensor linear(const char* op, const Context& context, const Tensor& x, const PackedLinear& w,
              const Epilogue& epilogue) {
  check_activation(op, context, x);
  if (x.dim(-1) != w.in() || w.dtype() != context.dtype) {
    fault(op, fmt::format("{} {} meets a {} weight of {} inputs", name(x.dtype()), to_string(x.shape()),
                          name(w.dtype()), w.in()));
  }
  Shape shape = x.shape();
  shape.back() = w.out();
  Tensor y = Tensor::empty(shape, context.dtype);
  if (epilogue.residual != nullptr) check_activation(op, context, *epilogue.residual, y.shape());
  if (y.count() > 0) w.run(context, x, epilogue, y);
  return y;
}

}  // namespace latentdial::detail::ops::cpu
