#include "ops/cpu_backend.h"

#include <fmt/format.h>
#include <omp.h>

#include "ops/cpu/check.h"
#include "ops/cpu/conv2d.h"
#include "ops/cpu/int8_kernel.h"
#include "ops/cpu/linear.h"
#include "ops/cpu/measure_multipliers.h"
#include "ops/cpu/multipliers.h"
#include "ops/cpu/onednn.h"
#include "ops/cpu/operations.h"

namespace latentdial::detail::ops {
namespace {

/// The operations of ops/cpu bound to one type and one number of threads.
class CpuBackend final : public Backend {
 public:
  CpuBackend(cpu::Context context, std::string description)
      : context_(context), description_(std::move(description)) {}

  DType dtype() const override { return context_.dtype; }
  std::string description() const override { return description_; }

  PackedWeight prepare_linear(const Tensor& weight, const Tensor& bias, Precision precision) const override {
    return cpu::prepare_linear(context_, weight, bias, precision);
  }
  PackedWeight prepare_conv2d(const Tensor& weight, const Tensor& bias, ConvGeometry geometry,
                              Precision precision) const override {
    return cpu::prepare_conv2d(context_, weight, bias, geometry, precision);
  }
  PackedWeight prepare_norm(const Tensor& gamma, const Tensor& beta, float epsilon) const override {
    return cpu::prepare_norm(gamma, beta, epsilon);
  }
  PackedWeight prepare_embedding(const Tensor& table) const override {
    return cpu::prepare_embedding(context_, table);
  }

  Tensor to_device(const Tensor& host) const override { return cpu::to_device(context_, host); }
  Tensor to_host(const Tensor& device) const override { return cpu::to_host(context_, device); }

  Tensor linear(const Tensor& x, const PackedWeight& w, Epilogue epilogue) const override {
    return cpu::linear("linear", context_, x, cpu::unpack<cpu::PackedLinear>("linear", w), epilogue);
  }
  Tensor conv2d(const Tensor& x, const PackedWeight& w, Epilogue epilogue) const override {
    return cpu::conv2d(context_, x, w, epilogue);
  }
  Tensor group_norm(Tensor x, const PackedWeight& w, std::int64_t groups,
                    GroupNormExtras extras) const override {
    return cpu::group_norm(context_, std::move(x), w, groups, extras);
  }
  Tensor layer_norm(const Tensor& x, const PackedWeight& w) const override {
    return cpu::layer_norm(context_, x, w);
  }
  Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, std::int64_t heads,
                   bool causal) const override {
    return cpu::attention(context_, q, k, v, heads, causal);
  }
  Tensor geglu(const Tensor& x) const override { return cpu::geglu(context_, x); }
  Tensor activate(const Tensor& x, Activation activation) const override {
    return cpu::activate(context_, x, activation);
  }
  Tensor prelu(const Tensor& x, const Tensor& slopes) const override {
    return cpu::prelu(context_, x, slopes);
  }
  Tensor add(const Tensor& a, const Tensor& b) const override { return cpu::add(context_, a, b); }
  Tensor mix(const Tensor& a, const Tensor& b, float share) const override {
    return cpu::mix(context_, a, b, share);
  }
  Tensor upsample_nearest2x(const Tensor& x, std::int64_t height, std::int64_t width) const override {
    return cpu::upsample_nearest2x(context_, x, height, width);
  }
  Tensor concat_channels(const Tensor& a, const Tensor& b) const override {
    return cpu::concat_channels(context_, a, b);
  }
  Tensor embedding(std::span<const std::int32_t> ids, const PackedWeight& table) const override {
    return cpu::embedding(context_, ids, table);
  }

 private:
  cpu::Context context_;
  std::string description_;
};

std::string describe_numbers(const cpu::Context& context) {
  if (context.int8) return cpu::byte_products() == cpu::ByteProducts::quads ? "int8" : "int8 (without VNNI)";
  const auto linear = cpu::choose(context, cpu::Layer::linear, Precision::full).by;
  const bool widens = context.dtype == DType::bf16 && linear == cpu::Multiplier::own_f32;
  return fmt::format("{}{}", name(context.dtype), widens ? " (multiplied in f32)" : "");
}

cpu::Context context_of(const BackendOptions& options) {
  if (options.dtype != DType::f32 && options.dtype != DType::bf16) {
    cpu::fault("make_cpu_backend", fmt::format("no activations in {}", name(options.dtype)));
  }
  [[maybe_unused]] static const bool limited = (cpu::onednn::limit_own_kernels(), true);
  cpu::Context context{options.dtype, options.threads > 0 ? options.threads : omp_get_num_procs()};
  if (options.dtype == DType::bf16)
    context.arithmetic = options.arithmetic.value_or(fastest_cpu_arithmetic());
  if (context.arithmetic != Arithmetic::f32 && !cpu::onednn::has_avx512()) {
    cpu::fault("make_cpu_backend", "this processor multiplies no bf16 by itself (no AVX-512)");
  }
  context.int8 = options.int8;
  if (options.dtype == DType::bf16) context.measured = cpu::choices(options.measured);
  return context;
}

}  // namespace

std::unique_ptr<Backend> make_cpu_backend(BackendOptions options) {
  const auto context = context_of(options);
  return std::make_unique<CpuBackend>(
      context, fmt::format("CPU {}, {} thread{}, {}", cpu::onednn::instruction_set(), context.threads,
                           context.threads == 1 ? "" : "s", describe_numbers(context)));
}

std::vector<LayerMultiplier> cpu_multipliers(const BackendOptions& options) {
  const auto context = context_of(options);
  std::vector<LayerMultiplier> list;
  for (const auto layer : cpu::kLayers) {
    const auto [by, because] = cpu::choose(context, layer, Precision::reducible);
    list.push_back({cpu::name(layer), cpu::name(by), because});
  }
  return list;
}

DType fastest_cpu_dtype() {
  return cpu::onednn::has_avx2() ? DType::bf16 : DType::f32;
}

std::string cpu_instruction_set() {
  return cpu::onednn::instruction_set();
}

}  // namespace latentdial::detail::ops
