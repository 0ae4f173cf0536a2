#pragma once

#include "http.h"
#include "router.h"

namespace latentdial::server {

/// OpenAI's images API: /v1/models, /v1/images/generations, /v1/images/edits, the last two as a stream of
/// events too. Beside OpenAI's fields every setting of ours is taken, and `dial` for the position.
void add_openai_api(Router& router, const Context& context);

}  // namespace latentdial::server
