#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "latentdial/settings.h"

namespace latentdial::cli {

/// The settings that a PNG holds. Throws invalid_input when it holds none.
[[nodiscard]] Settings settings_in(const std::string& picture);

/// Looks for the files that such settings name, in the current folder and beside the picture, and has
/// `settings` name them by where they are. Those whose setting `is_given` otherwise are left alone. Throws
/// invalid_input of the setting where a file is not found, or is another than the picture was made from.
void find_inputs(const std::string& picture, Settings& settings,
                 const std::function<bool(std::string_view name)>& is_given);

}  // namespace latentdial::cli
