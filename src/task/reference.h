#pragma once

#include "latentdial/pipeline.h"
#include "latentdial/request.h"
#include "task/task.h"

namespace latentdial::detail {

/// Throws invalid_input where a request has another reference without a first one.
void check_reference(const Request& request);

/// Throws invalid_input where a request names a reference and the model is no unCLIP one, or the other way
/// round, or a noise level that the model does not have.
void check_reference(const Request& request, const ModelInfo& model);

/// Puts the request's references, of which a square of `size` pixels is seen, into the content. `settings`
/// say the noise level.
void add_references(const Settings& settings, const InputImages& images, int size, Content& content);

}  // namespace latentdial::detail
