#pragma once

#include "tensor/tensor.h"

/// What weights are composed of in LoRA files. Matrices are f32, row-major; the same bits for any number of
/// threads.
namespace latentdial::detail {

/// a [N,M] · b [M,K] → [N,K].
[[nodiscard]] Tensor product(const Tensor& a, const Tensor& b);

/// Tucker's form, Σ a[i,p] · core[i,j,k] · b[j,r]: a [I,P], core [I,J·K] or [I,J,K], b [J,R] → [P,R·K].
[[nodiscard]] Tensor tucker(const Tensor& a, const Tensor& core, const Tensor& b);

/// a · b, element by element.
[[nodiscard]] Tensor hadamard(Tensor a, const Tensor& b);

/// Kronecker's product, each element of a [A,B] times all of b [C,D] → [A·C,B·D].
[[nodiscard]] Tensor kronecker(const Tensor& a, const Tensor& b);

/// Cayley's transform of each block [N,M,M]: (I + Q)(I − Q)⁻¹ with Q = block − blockᵀ, which is orthogonal. Q
/// of all blocks together is scaled down to a Frobenius norm of `most`, where that is above 0.
[[nodiscard]] Tensor cayley(const Tensor& blocks, double most);

/// Turns groups of rows: Rᵀ · W, R the blocks [N,M,M] along the diagonal, W [N·M,K].
[[nodiscard]] Tensor turned(const Tensor& blocks, const Tensor& weight);

}  // namespace latentdial::detail
