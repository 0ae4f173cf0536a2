#include "diffusion/clip.h"

#include <algorithm>

namespace latentdial::detail {

Tensor clipped(const Tensor& x, float range) {
  Tensor result = x.clone();
  for (float& value : result.values()) value = std::clamp(value, -range, range);
  return result;
}

}  // namespace latentdial::detail
