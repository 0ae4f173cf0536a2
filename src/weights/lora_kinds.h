#pragma once

#include "weights/lora_adapter.h"
#include "weights/lora_factors.h"
#include "weights/weights.h"

namespace latentdial::detail {

/// What one layer of a LoRA file changes, of a weight and of a bias; each may be empty.
struct LoraChange {
  WeightChange weight, bias;
};

/// Reads one layer and composes W + scale · ΔW, with γ = alpha / rank, or 1 where no alpha is given:
///
/// - LoRA (Hu et al. 2021, arXiv 2106.09685): ΔW = γ · up · down; with `lora_mid` in Tucker's form
/// - LoHa (Yeh et al. 2023, arXiv 2309.14859): ΔW = γ · (w1_a · w1_b) ⊙ (w2_a · w2_b), each perhaps Tucker's
/// - LoKr (ibid.): ΔW = γ · w1 ⊗ w2, each perhaps a product; γ = 1 where neither is
/// - GLoRA (Chavan et al. 2023, arXiv 2306.07967): ΔW = γ · (W · a1 · a2 + b1 · b2), or in LyCORIS' earlier
///   files W · a2 · a1 + b2 · b1
/// - diagonal OFT (Qiu et al. 2023, arXiv 2306.07280): ΔW = rescale · Rᵀ · W − W, R by blocks: `oft_diag`, or
///   Cayley's transform of `oft_blocks`, in whose norm alpha · out is the most where it is above 0
/// - full and norm differences: ΔW and Δbias as they stand
///
/// With `dora_scale` m (DoRA, Liu et al. 2024, arXiv 2402.09353) ΔW is m · (W + ΔW) / ‖W + ΔW‖ − W, the norm
/// by row, or by input where m is [1, in, …].
///
/// `scaling` has γ where no alpha is given. Throws invalid_input naming the key that is missing, of the
/// wrong shape, or has no place there.
[[nodiscard]] LoraChange read_lora_change(LoraKind kind, LoraFactors& factors, double scale,
                                          const LoraScaling& scaling = {});

}  // namespace latentdial::detail
