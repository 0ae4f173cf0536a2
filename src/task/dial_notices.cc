#include "task/dial_notices.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>

#include "text/utf8.h"

namespace latentdial::detail {

namespace fs = std::filesystem;

std::string calibration_notice(const Turn& turn, double guidance_scale, const Model& model) {
  const Dial& dial = *turn.dial;
  if (dial.fingerprint.empty()) {
    const std::string style = shortened(dial.style);
    return fmt::format(
        "no dial is calibrated for \"{}\" on this model: position 1 is what its words show; "
        "latentdial calibrate{} --style \"{}\" --install fits one",
        style, model.is_embedded ? "" : " -m …/" + fs::path(model.info.path).filename().string(), style);
  }
  if (guidance_scale == dial.guidance_scale) return "";
  return fmt::format("the dial was calibrated at a guidance scale of {}; at {} its positions are less exact",
                     dial.guidance_scale, guidance_scale);
}

std::string nothing_shown_notice(const std::string& style, const Model& model) {
  constexpr std::size_t kMostNamed = 12;
  auto known = dial_styles(model.info.path);
  for (const auto& dial : model.dials) known.push_back(dial->style);
  if (known.size() > kMostNamed) known.resize(kMostNamed);
  return fmt::format("the model shows nothing of \"{}\"{}", shortened(style),
                     known.empty() ? "" : fmt::format(". It knows: {}", fmt::join(known, ", ")));
}

}  // namespace latentdial::detail
