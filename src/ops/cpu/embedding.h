#pragma once

#include <span>

#include "ops/cpu/context.h"
#include "ops/ops.h"

namespace latentdial::detail::ops::cpu {

[[nodiscard]] PackedWeight prepare_embedding(const Context& context, const Tensor& table);
[[nodiscard]] Tensor embedding(const Context& context, std::span<const std::int32_t> ids,
                               const PackedWeight& table);

}  // namespace latentdial::detail::ops::cpu
