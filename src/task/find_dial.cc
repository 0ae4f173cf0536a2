#include "task/find_dial.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "dial/style_words.h"
#include "latentdial/error.h"

namespace latentdial::detail {
namespace {

namespace fs = std::filesystem;

std::shared_ptr<const Dial> standard(const std::string& style) {
  return std::make_shared<const Dial>(standard_dial(style));
}

void check_dial(const Dial& dial, const std::string& file, const std::string& style, const ModelInfo& model) {
  if (dial_file_name(dial.style) != dial_file_name(style)) {
    throw invalid_input("dial",
                        fmt::format("{} is for the style \"{}\", not \"{}\"", file, dial.style, style));
  }
  if (dial.fingerprint == model.fingerprint) return;
  throw invalid_input(
      "dial",
      fmt::format("{} was made for another model ({}, weights {}), not for {} (weights {}); make one with "
                  "latentdial calibrate",
                  file, dial.model, dial.fingerprint, model.name, model.fingerprint));
}

/// Says it once, however many positions it holds for.
void add_notice(std::vector<std::string>& notices, std::string text) {
  if (std::ranges::find(notices, text) == notices.end()) notices.push_back(std::move(text));
}

}  // namespace

std::shared_ptr<const Dial> find_dial(const Request& request, const ModelInfo& model, OpenedFiles& files) {
  const Settings& s = request.settings;
  if (request.dial) {
    check_dial(*request.dial, "the given dial", s.style, model);
    return request.dial;
  }
  const fs::path own = fs::path(model.path) / "dials" / dial_file_name(s.style);
  std::error_code ignored;
  if (s.dial.empty() && !fs::exists(own, ignored)) return standard(s.style);
  const fs::path path = s.dial.empty() ? own : fs::path(s.dial);
  auto dial = files.dial(path);
  // The model's own dials were fitted without the LoRA.
  if (s.dial.empty() && !model.loras.empty()) return standard(s.style);
  check_dial(*dial, path.string(), s.style, model);
  return dial;
}

double held_position(const Turn& turn, const std::string& prompt, double guidance_scale,
                     std::vector<std::string>& notices) {
  const Dial& dial = *turn.dial;
  if (dial.fingerprint.empty()) {
    add_notice(
        notices,
        fmt::format("no dial is calibrated for \"{}\" on this model: position 1 is what its words show; "
                    "a dial file that latentdial calibrate makes of it is exact",
                    dial.style));
  } else if (guidance_scale != dial.guidance_scale) {
    add_notice(
        notices,
        fmt::format("the dial was calibrated at a guidance scale of {}; at {} its positions are less exact",
                    dial.guidance_scale, guidance_scale));
  }
  const bool names_style = without_style(prompt, turn.style).has_value();
  const double held = std::clamp(turn.position, names_style ? dial.low() : 0, dial.high());
  if (held == turn.position) return held;
  const std::string reason = turn.position > held ? dial.strengthen.reason
                             : names_style
                                 ? dial.weaken.reason
                                 : "the prompt does not name the style, so nothing can be taken away";
  add_notice(notices, fmt::format("position {} is outside of the dial's range, {} is used: {}", turn.position,
                                  held, reason));
  return held;
}

}  // namespace latentdial::detail
