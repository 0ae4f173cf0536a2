#pragma once

#include <optional>

#include "body.h"
#include "latentdial/request.h"

namespace latentdial::server {

/// Takes what A1111's img2img says of a mask out of a body: the mask, where there is one, and into `settings`
/// how it is meant. By A1111's defaults the part begins with the colours around it, and the area around it is
/// drawn by itself. Throws invalid_input.
[[nodiscard]] std::optional<InputImage> read_a1111_mask(Body& body, Json& settings);

}  // namespace latentdial::server
