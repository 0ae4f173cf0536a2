#include "ops/cpu/onednn.h"

#include <hwy/targets.h>
#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <new>

#include "ops/cpu/check.h"

namespace latentdial::detail::ops::cpu::onednn {

const dnnl::engine& engine() {
  static const dnnl::engine instance(dnnl::engine::kind::cpu, 0);
  return instance;
}

dnnl::memory::data_type data_type(DType dtype) {
  return dtype == DType::bf16 ? dnnl::memory::data_type::bf16 : dnnl::memory::data_type::f32;
}

namespace {

// The values are bit masks: an instruction set contains another when it has all its bits.
bool contains(dnnl::cpu_isa isa, dnnl::cpu_isa part) {
  return (static_cast<unsigned>(isa) & static_cast<unsigned>(part)) == static_cast<unsigned>(part);
}

void append(dnnl::post_ops& ops, Activation activation) {
  auto algorithm = dnnl::algorithm::eltwise_swish;
  float alpha = activation == Activation::quick_gelu ? 1.702f : 1.0f;  // Swish's factor of x.
  if (activation == Activation::gelu) algorithm = dnnl::algorithm::eltwise_gelu_erf;
  if (activation == Activation::relu) {
    algorithm = dnnl::algorithm::eltwise_relu;
    alpha = 0.0f;  // The slope below zero.
  }
  if (activation == Activation::leaky_relu) {
    algorithm = dnnl::algorithm::eltwise_relu;
    alpha = kLeak;
  }
#if DNNL_VERSION_MAJOR >= 3
  ops.append_eltwise(algorithm, alpha, 0.0f);
#else
  ops.append_eltwise(1.0f, algorithm, alpha, 0.0f);
#endif
}

}  // namespace

bool has_avx2() {
  return contains(dnnl::get_effective_cpu_isa(), dnnl::cpu_isa::avx2);
}

bool has_avx512() {
  return contains(dnnl::get_effective_cpu_isa(), dnnl::cpu_isa::avx512_core);
}

bool has_vnni(std::size_t vector_bytes) {
  return contains(dnnl::get_effective_cpu_isa(),
                  vector_bytes == 64 ? dnnl::cpu_isa::avx512_core_vnni : dnnl::cpu_isa::avx2_vnni);
}

void limit_own_kernels() {
#ifdef __x86_64__
  const auto isa = dnnl::get_effective_cpu_isa();
  std::int64_t disabled = 0;
  if (!contains(isa, dnnl::cpu_isa::avx512_core)) disabled |= HWY_AVX3 | HWY_AVX3_DL;
  if (!contains(isa, dnnl::cpu_isa::avx2)) disabled |= HWY_AVX2;
  hwy::DisableTargets(disabled);
#endif
}

std::string instruction_set() {
  const auto isa = dnnl::get_effective_cpu_isa();
  if (contains(isa, dnnl::cpu_isa::avx512_core_amx)) return "AMX";
  if (contains(isa, dnnl::cpu_isa::avx512_core_bf16)) return "AVX-512 BF16";
  if (contains(isa, dnnl::cpu_isa::avx512_core)) return "AVX-512";
  if (contains(isa, dnnl::cpu_isa::avx2)) return "AVX2";
  if (contains(isa, dnnl::cpu_isa::sse41)) return "SSE4.1";
  return "generic";
}

dnnl::primitive_attr attributes(Activation activation, bool accumulate) {
  dnnl::post_ops ops;
  if (activation != Activation::none) append(ops, activation);
  if (accumulate) ops.append_sum(1.0f);
  dnnl::primitive_attr result;
  result.set_post_ops(ops);
  result.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return result;
}

dnnl::matmul::primitive_desc matmul(const dnnl::memory::desc& src, const dnnl::memory::desc& weights,
                                    const dnnl::memory::desc& bias, const dnnl::memory::desc& dst,
                                    const dnnl::primitive_attr& attributes) {
#if DNNL_VERSION_MAJOR >= 3
  return {engine(), src, weights, bias, dst, attributes};
#else
  return {dnnl::matmul::desc(src, weights, bias, dst), attributes, engine()};
#endif
}

dnnl::convolution_forward::primitive_desc convolution(
    const dnnl::memory::desc& src, const dnnl::memory::desc& weights, const dnnl::memory::desc& bias,
    const dnnl::memory::desc& dst, const ConvGeometry& geometry, const dnnl::primitive_attr& attributes) {
  const auto kind = dnnl::prop_kind::forward_inference;
  const auto direct = dnnl::algorithm::convolution_direct;
  const dnnl::memory::dims strides{geometry.stride, geometry.stride};
  const dnnl::memory::dims before{geometry.pad_before, geometry.pad_before};
  const dnnl::memory::dims after{geometry.pad_after, geometry.pad_after};
#if DNNL_VERSION_MAJOR >= 3
  return {engine(), kind, direct, src, weights, bias, dst, strides, before, after, attributes};
#else
  return {dnnl::convolution_forward::desc(kind, direct, src, weights, bias, dst, strides, before, after),
          attributes, engine()};
#endif
}

void require_room() {
  constexpr std::size_t kRoom = 32u << 20;
  void* room = ::mmap(nullptr, kRoom, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (room == MAP_FAILED) throw std::bad_alloc();
  ::munmap(room, kRoom);
}

void rethrow(const char* op, const dnnl::error& error) {
  if (error.status == dnnl_out_of_memory) throw std::bad_alloc();
  fault(op, error.what());
}

}  // namespace latentdial::detail::ops::cpu::onednn

namespace latentdial::detail::ops {

Arithmetic fastest_cpu_arithmetic() {
  const auto isa = dnnl::get_effective_cpu_isa();
  if (cpu::onednn::contains(isa, dnnl::cpu_isa::avx512_core_amx)) return Arithmetic::bf16_matrix;
#ifdef __x86_64__
  const bool amd = __builtin_cpu_is("amd") != 0;
#else
  const bool amd = false;
#endif
  return amd && cpu::onednn::contains(isa, dnnl::cpu_isa::avx512_core_bf16) ? Arithmetic::bf16
                                                                            : Arithmetic::f32;
}

}  // namespace latentdial::detail::ops
