#pragma once

#include <string>

#include "model/model.h"
#include "task/task.h"

namespace latentdial::detail {

/// What a user of the turn's dial should know of how it was calibrated; "": nothing.
[[nodiscard]] std::string calibration_notice(const Turn& turn, double guidance_scale);

/// That a method of guidance has less to drive a style with where there is no guidance; "": it has.
[[nodiscard]] std::string unguided_notice(const Turn& turn, double guidance_scale);

/// That the model does not know a style, and which it does; or that a LoRA does nothing.
[[nodiscard]] std::string nothing_shown_notice(const Turn& turn, const Model& model);

}  // namespace latentdial::detail
