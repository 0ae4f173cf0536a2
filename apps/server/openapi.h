#pragma once

#include "http.h"

namespace latentdial::server {

/// /openapi.json: what the three APIs take and give, OpenAPI 3.1.
void add_openapi(httplib::Server& server);

}  // namespace latentdial::server
