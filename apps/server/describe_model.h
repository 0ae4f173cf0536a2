#pragma once

#include <string>

#include "http.h"

namespace latentdial::server {

/// What /v1/model says of a model: itself, what may be asked of it, and what else is here.
[[nodiscard]] Json describe_model(const Context& context, const ServedModel& model);

/// The name of a LoRA, as prompts have it, of its file's.
[[nodiscard]] std::string without_ending(const std::string& file);

}  // namespace latentdial::server
