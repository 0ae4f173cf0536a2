#pragma once

#include "http.h"
#include "router.h"

namespace latentdial::server {

/// A1111's page "Extras": pictures enlarged by Lanczos' filter or by one of the server's networks, alone or
/// several, and the list of what enlarges. Restoring faces, and mixing two upscalers, is refused by name
/// unless it has no effect as given.
void add_a1111_extras(Router& router, const Context& context);

}  // namespace latentdial::server
