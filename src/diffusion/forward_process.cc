#include "diffusion/forward_process.h"

#include <cmath>

#include "tensor/arithmetic.h"

namespace latentdial::detail {

Tensor noised(const Tensor& x0, const Tensor& epsilon, double signal, double noise) {
  return linear_combination({{signal, x0}, {noise, epsilon}});
}

Tensor noised(const Tensor& x0, const Tensor& epsilon, double alpha_cumprod) {
  return noised(x0, epsilon, std::sqrt(alpha_cumprod), std::sqrt(1 - alpha_cumprod));
}

}  // namespace latentdial::detail
