#pragma once

#include <string>

#include "http.h"

namespace latentdial::server {

/// /openapi.json: what the three APIs take and give, OpenAPI 3.1.
void add_openapi(httplib::Server& server);

/// The methods of a path, as the header Allow lists them; "" where there is no such path.
[[nodiscard]] std::string allowed_methods(const std::string& path);

}  // namespace latentdial::server
