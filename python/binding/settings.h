#pragma once

#include <nanobind/nanobind.h>

#include "latentdial/request.h"

namespace latentdial::binding {

/// Settings from a dict by `Option::name`; what it lacks keeps its default. Throws invalid_input naming a key
/// that is unknown or whose value is of another type.
[[nodiscard]] Settings settings_from_dict(const nanobind::dict& dict);

/// The same, where a picture may stand in place of its path and a Calibration in place of a dial's file.
[[nodiscard]] Request request_from_dict(const nanobind::dict& dict);

/// Every setting by its `Option::name`, in the order of visit_settings.
[[nodiscard]] nanobind::dict settings_to_dict(const Settings& settings);

}  // namespace latentdial::binding
