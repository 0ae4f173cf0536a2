#pragma once

#include "http.h"
#include "router.h"

namespace latentdial::server {

/// How that API tells a failure.
[[nodiscard]] Json a1111_error_body(const Failure& failure);

/// What AUTOMATIC1111's web UI answers under /sdapi/v1/, so that programs which speak to it can speak to us.
/// A setting that this engine has no counterpart for is refused by name, unless it has no effect as given.
void add_a1111_api(Router& router, const Context& context);

}  // namespace latentdial::server
