#pragma once

#include "router.h"

namespace latentdial::server {

/// /openapi.json: what the three APIs take and give, OpenAPI 3.1.
void add_openapi(Router& router);

}  // namespace latentdial::server
