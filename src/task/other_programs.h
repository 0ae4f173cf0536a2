#pragma once

#include <optional>
#include <string_view>

#include "task/infotext.h"

namespace latentdial::detail {

/// The settings in what ComfyUI writes into a picture (its graph of nodes, "prompt"), in what InvokeAI does
/// ("invokeai_metadata") and in a JSON object with the names of diffusers' arguments, as A1111's keys have
/// them; prompts as "Prompt text" and "Negative prompt text". Of a graph the sampler that draws from noise is
/// read, and what leads to it. What has no such key keeps its own name. Nothing for a text that is none of
/// these.
[[nodiscard]] std::optional<Infotext> read_other_program(std::string_view text);

}  // namespace latentdial::detail
