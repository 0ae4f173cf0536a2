#pragma once

#include <map>
#include <vector>

#include "ops/cpu/operations.h"

namespace latentdial::detail::ops::cpu {

/// By the names of list_multipliers; what this processor cannot do, and other names, are left out.
[[nodiscard]] std::map<Layer, Choice> choices(const std::vector<LayerMultiplier>& measured);

}  // namespace latentdial::detail::ops::cpu
