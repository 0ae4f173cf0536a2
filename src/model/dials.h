#pragma once

#include <memory>
#include <string>
#include <vector>

#include "latentdial/dial.h"
#include "latentdial/pipeline.h"

namespace latentdial::detail {

/// Throws invalid_input of `dial`, naming `file`, where the dial was fitted on another model.
void require_own_dial(const Dial& dial, const std::string& file, const ModelInfo& model);

/// The dials of these files. Throws invalid_input where one cannot be read or is of another model.
[[nodiscard]] std::vector<std::shared_ptr<const Dial>> read_dials(const std::vector<std::string>& files,
                                                                  const ModelInfo& model);

}  // namespace latentdial::detail
