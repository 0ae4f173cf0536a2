#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "latentdial/layer_multiplier.h"
#include "ops/ops.h"

/// The CPU back end's own words: nothing above knows them but who chooses a back end.
namespace latentdial::detail::ops {

/// What multiplies bf16 activations. Sums are f32 throughout, and so are products of f32 activations.
enum class Arithmetic {
  f32,          ///< Our own f32 kernels; bf16 is widened in the cache. Runs on every processor.
  bf16,         ///< The processor's bf16 dot product (AVX-512 BF16).
  bf16_matrix,  ///< The processor's bf16 matrix product (AMX).
};

/// What to compute with. `threads` 0 means all cores this process may use. Without `arithmetic` the faster
/// one on this processor is taken.
struct BackendOptions {
  DType dtype = DType::f32;
  int threads = 0;
  std::optional<Arithmetic> arithmetic = std::nullopt;
  bool int8 = false;  ///< Linear layers and convolutions of reducible precision multiply 8-bit numbers.
  /// What multiplies bf16 activations, of measure_multipliers on this processor; the table says the rest.
  std::vector<LayerMultiplier> measured = {};
};

/// The CPU back end.
[[nodiscard]] std::unique_ptr<Backend> make_cpu_backend(BackendOptions options);

/// What multiplies what with these options.
[[nodiscard]] std::vector<LayerMultiplier> cpu_multipliers(const BackendOptions& options);

/// Times all that can multiply each kind of layer of bf16 activations here, about a second in all: the
/// fastest of each, with its rate and the others'. `threads` 0 means all cores.
[[nodiscard]] std::vector<LayerMultiplier> measure_multipliers(int threads);

/// Whether these are names of list_multipliers, and this processor can multiply so.
[[nodiscard]] bool can_multiply(const LayerMultiplier& measured);

/// The processor's own name, empty where it tells none.
[[nodiscard]] std::string cpu_name();

/// Of the instructions that may be used (ONEDNN_MAX_CPU_ISA): "AVX-512 BF16".
[[nodiscard]] std::string cpu_instruction_set();

/// The fastest for bf16 activations: AMX where there is one, else AVX-512 BF16 on AMD, else f32. Intel's
/// AVX-512 BF16 is slower than its f32 (Sapphire Rapids without AMX: 172 against 316 GFLOP/s by `make
/// bench`).
[[nodiscard]] Arithmetic fastest_cpu_arithmetic();

/// The faster of f32 and bf16 activations on this processor. With AVX2 and later bf16 is at least as fast
/// even where it is widened to be multiplied, in half the memory (docs/speed.md); without, it was not
/// measured.
[[nodiscard]] DType fastest_cpu_dtype();

}  // namespace latentdial::detail::ops
