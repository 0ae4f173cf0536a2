#pragma once

#include <map>
#include <span>
#include <string>

#include "latentdial/settings.h"

namespace latentdial::detail {

/// What differs from the defaults, by name and as JSON: a picture keeps its name in versions that know more.
using Chosen = std::map<std::string, std::string>;
[[nodiscard]] Chosen chosen(const Settings& settings);

/// What `settings_id` calls settings of which this is chosen.
[[nodiscard]] std::string id_of(std::span<const Chosen> list);

}  // namespace latentdial::detail
