#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "latentdial/settings.h"
#include "output.h"

namespace latentdial::cli {

/// The settings that a PNG holds. Throws invalid_input when it holds none.
[[nodiscard]] Settings settings_in(const std::string& picture);

/// That the user names every file which the picture was made from: its text alone opens none. Throws
/// invalid_input naming those whose setting is not `is_given`; a file that is not the one of then, by its
/// hash, is a notice.
void check_inputs(const std::string& picture, const Settings& settings,
                  const std::function<bool(std::string_view name)>& is_given, const OutputOptions& output);

}  // namespace latentdial::cli
