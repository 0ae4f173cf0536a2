#pragma once

#include <memory>
#include <string>
#include <vector>

#include "latentdial/pipeline.h"
#include "task/opened_files.h"
#include "task/task.h"

namespace latentdial::detail {

/// The dial that a request of a method with dials is turned by: the one it brings, the file it names,
/// dials/STYLE.dial.json in the model's folder, or the standard one. Throws invalid_input when it is of
/// another model or style.
[[nodiscard]] std::shared_ptr<const Dial> find_dial(const Request& request, const ModelInfo& model,
                                                    OpenedFiles& files);

/// The position of a turn held within its dial's range, with a notice that says so and why the range ends
/// there. `prompt` is the one that the style may be named in.
[[nodiscard]] double held_position(const Turn& turn, const std::string& prompt, double guidance_scale,
                                   std::vector<std::string>& notices);

}  // namespace latentdial::detail
