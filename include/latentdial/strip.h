#pragma once

#include <string>
#include <vector>

#include "latentdial/export.h"
#include "latentdial/image.h"

namespace latentdial {

/// One frame of a strip and the lines under it, e.g. "50 %" and "θ = 0.50".
struct StripFrame {
  Image image;
  std::vector<std::string> labels;
};

/// A dial position as a label: "50 %", "−12.5 %".
[[nodiscard]] LATENTDIAL_API std::string percent(double position);

/// A labelled contact sheet: `title` on top, frames from left to right in rows of at most `columns`, labels
/// under each. Frames too large for a page of 32,767 pixels a side are made smaller. Throws invalid_input for
/// too many frames.
[[nodiscard]] LATENTDIAL_API Image draw_strip(const std::string& title, const std::vector<StripFrame>& frames,
                                              int columns = 11);

}  // namespace latentdial
