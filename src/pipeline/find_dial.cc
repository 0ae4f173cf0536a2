#include "pipeline/find_dial.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "dial/style_words.h"
#include "latentdial/error.h"

namespace latentdial {
namespace {

namespace fs = std::filesystem;

fs::path path_of(const Settings& settings, const ModelInfo& model) {
  if (!settings.dial.empty()) return settings.dial;
  const fs::path own = fs::path(model.path) / "dials" / dial_file_name(settings.style);
  std::error_code ignored;
  if (fs::exists(own, ignored)) return own;
  throw invalid_input(
      fmt::format("--dial: {} has no dial for \"{}\"; make one with latentdial calibrate --style \"{}\" -o "
                  "{}, then --dial {}",
                  model.name, settings.style, settings.style, dial_file_name(settings.style),
                  dial_file_name(settings.style)));
}

}  // namespace

std::shared_ptr<const Dial> find_dial(const Settings& settings, const ModelInfo& model) {
  const fs::path path = path_of(settings, model);
  auto dial = std::make_shared<Dial>(read_dial(path));
  if (dial_file_name(dial->style) != dial_file_name(settings.style)) {
    throw invalid_input(fmt::format("--dial: {} is for the style \"{}\", not \"{}\"", path.string(),
                                    dial->style, settings.style));
  }
  if (dial->fingerprint != model.fingerprint) {
    throw invalid_input(fmt::format(
        "--dial: {} was made for another model ({}, weights {}), not for {} (weights {}); make one with "
        "latentdial calibrate",
        path.string(), dial->model, dial->fingerprint, model.name, model.fingerprint));
  }
  return dial;
}

void check_position(DialRequest& request, std::vector<std::string>& notices) {
  const Dial& dial = *request.dial;
  if (request.guidance.scale != dial.guidance_scale) {
    notices.push_back(fmt::format("the dial was calibrated at --cfg {}; at {} its positions are less exact",
                                  dial.guidance_scale, request.guidance.scale));
  }
  const bool names_style = without_style(request.prompt, request.style).has_value();
  const double low = names_style ? dial.low() : 0;
  const double held = std::clamp(request.position, low, dial.high());
  if (held == request.position) return;
  const std::string reason = request.position > held ? dial.high_reason
                             : names_style
                                 ? dial.low_reason
                                 : "the prompt does not name the style, so nothing can be taken away";
  notices.push_back(fmt::format("position {} is outside of the dial's range, {} is used: {}",
                                request.position, held, reason));
  request.position = held;
}

}  // namespace latentdial
