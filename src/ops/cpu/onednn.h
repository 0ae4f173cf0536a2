#pragma once

#include <cstddef>
#include <dnnl.hpp>
#include <string>

#include "ops/cpu_backend.h"

/// The little of oneDNN that we use, the same for its versions 2 and 3.
namespace latentdial::detail::ops::cpu::onednn {

[[nodiscard]] const dnnl::engine& engine();
[[nodiscard]] dnnl::memory::data_type data_type(DType dtype);

/// Whether oneDNN may use AVX2 here (ONEDNN_MAX_CPU_ISA counts).
[[nodiscard]] bool has_avx2();
/// Whether oneDNN may use AVX-512 here (ONEDNN_MAX_CPU_ISA counts), without which it multiplies no bf16.
[[nodiscard]] bool has_avx512();
/// Whether it may use VNNI here in vectors of so many bytes, 64 or 32.
[[nodiscard]] bool has_vnni(std::size_t vector_bytes);
/// Keeps our own kernels to what oneDNN may use: ONEDNN_MAX_CPU_ISA (AVX2, SSE41, …) limits both. Before the
/// first kernel runs.
void limit_own_kernels();
/// "AVX-512 BF16", "AVX2", …
[[nodiscard]] std::string instruction_set();

/// y = activation(x·W + bias), plus what y held before if `accumulate`; the scratchpad is the caller's.
[[nodiscard]] dnnl::primitive_attr attributes(Activation activation, bool accumulate);

/// A bias descriptor of zero dimensions means no bias.
[[nodiscard]] dnnl::matmul::primitive_desc matmul(const dnnl::memory::desc& src,
                                                  const dnnl::memory::desc& weights,
                                                  const dnnl::memory::desc& bias,
                                                  const dnnl::memory::desc& dst,
                                                  const dnnl::primitive_attr& attributes);
[[nodiscard]] dnnl::convolution_forward::primitive_desc convolution(
    const dnnl::memory::desc& src, const dnnl::memory::desc& weights, const dnnl::memory::desc& bias,
    const dnnl::memory::desc& dst, const ConvGeometry& geometry, const dnnl::primitive_attr& attributes);

/// Throws std::bad_alloc where memory is too short for oneDNN to write a kernel: it does not survive that.
void require_room();

/// Rethrows a dnnl::error as std::bad_alloc or as Error(internal) naming `op`; call it in a catch block.
[[noreturn]] void rethrow(const char* op, const dnnl::error& error);

}  // namespace latentdial::detail::ops::cpu::onednn
