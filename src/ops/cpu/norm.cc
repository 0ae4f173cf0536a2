#include "ops/cpu/norm.h"

#include "ops/cpu/check.h"

namespace latentdial::detail::ops::cpu {

PackedWeight prepare_norm(const Tensor& gamma, const Tensor& beta, float epsilon) {
  if (!gamma.defined() || gamma.rank() != 1) fault("prepare_norm", "gamma [C] is needed");
  check_parameter("prepare_norm", gamma, gamma.shape());
  check_parameter("prepare_norm", beta, gamma.shape());
  auto packed = std::make_shared<PackedNorm>();
  packed->gamma = gamma.clone();
  packed->beta = beta.clone();
  packed->epsilon = epsilon;
  return packed;
}

}  // namespace latentdial::detail::ops::cpu
