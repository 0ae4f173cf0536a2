#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dial/method.h"
#include "latentdial/dial.h"
#include "latentdial/pipeline.h"

namespace latentdial {

/// The dial of settings with method `calibrated`: the file they name, or dials/STYLE.dial.json in the model's
/// folder. Throws invalid_input when there is none, or it is of another model or style.
[[nodiscard]] std::shared_ptr<const Dial> find_dial(const Settings& settings, const ModelInfo& model);

/// Holds the position within the dial's range, with a notice that says so and why the range ends there.
void check_position(DialRequest& request, std::vector<std::string>& notices);

}  // namespace latentdial
