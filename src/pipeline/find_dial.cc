#include "pipeline/find_dial.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "dial/style_words.h"
#include "latentdial/error.h"

namespace latentdial {
namespace {

namespace fs = std::filesystem;

/// The dial file that is named, or that comes with the model; empty where there is none.
fs::path path_of(const Settings& settings, const ModelInfo& model) {
  if (!settings.dial.empty()) return settings.dial;
  const fs::path own = fs::path(model.path) / "dials" / dial_file_name(settings.style);
  std::error_code ignored;
  return fs::exists(own, ignored) ? own : fs::path();
}

/// Says it once, however many positions it holds for.
void add_notice(std::vector<std::string>& notices, std::string text) {
  if (std::find(notices.begin(), notices.end(), text) == notices.end()) notices.push_back(std::move(text));
}

}  // namespace

std::shared_ptr<const Dial> find_dial(const Settings& settings, const ModelInfo& model) {
  const fs::path path = path_of(settings, model);
  if (path.empty()) return std::make_shared<Dial>(standard_dial(settings.style));
  auto dial = std::make_shared<Dial>(read_dial(path));
  if (dial_file_name(dial->style) != dial_file_name(settings.style)) {
    throw invalid_input("dial", fmt::format("{} is for the style \"{}\", not \"{}\"", path.string(),
                                            dial->style, settings.style));
  }
  // The model's own dials were fitted without the LoRA.
  if (settings.dial.empty() && !model.loras.empty())
    return std::make_shared<Dial>(standard_dial(settings.style));
  if (dial->fingerprint != model.fingerprint) {
    throw invalid_input(
        "dial",
        fmt::format("{} was made for another model ({}, weights {}), not for {} (weights {}); make one with "
                    "latentdial calibrate",
                    path.string(), dial->model, dial->fingerprint, model.name, model.fingerprint));
  }
  return dial;
}

void check_position(DialRequest& request, std::vector<std::string>& notices) {
  const Dial& dial = *request.dial;
  if (dial.fingerprint.empty()) {
    add_notice(
        notices,
        fmt::format("no dial is calibrated for \"{}\" on this model: position 1 is what its words show; "
                    "a dial file that latentdial calibrate makes of it is exact",
                    dial.style));
  } else if (request.guidance.scale != dial.guidance_scale) {
    add_notice(
        notices,
        fmt::format("the dial was calibrated at a guidance scale of {}; at {} its positions are less exact",
                    dial.guidance_scale, request.guidance.scale));
  }
  const bool names_style = without_style(request.prompt, request.style).has_value();
  const double low = names_style ? dial.low() : 0;
  const double held = std::clamp(request.position, low, dial.high());
  if (held == request.position) return;
  const std::string reason = request.position > held ? dial.strengthen.reason
                             : names_style
                                 ? dial.weaken.reason
                                 : "the prompt does not name the style, so nothing can be taken away";
  add_notice(notices, fmt::format("position {} is outside of the dial's range, {} is used: {}",
                                  request.position, held, reason));
  request.position = held;
}

}  // namespace latentdial
