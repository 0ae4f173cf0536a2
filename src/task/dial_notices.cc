#include "task/dial_notices.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "prompt/lora_tags.h"
#include "text/utf8.h"

namespace latentdial::detail {

std::string calibration_notice(const Turn& turn, double guidance_scale) {
  if (!turn.dial || guidance_scale == turn.dial->guidance_scale) return "";
  return fmt::format("the dial was calibrated at a guidance scale of {}; at {} its positions are less exact",
                     turn.dial->guidance_scale, guidance_scale);
}

std::string unguided_notice(const Turn& turn, double guidance_scale) {
  if (!turn.method->info.window || guidance_scale > 1) return "";
  return fmt::format(
      "without guidance {} is not driven beyond what the model draws of the style: position 1 is "
      "its styled prompt",
      turn.method->info.name);
}

std::string nothing_shown_notice(const Turn& turn, const Model& model) {
  if (turn.lora) return fmt::format("{} changes nothing that shows", shortened(without_folder(turn.style)));
  constexpr std::size_t kMostNamed = 12;
  auto known = dial_styles(model.info.path);
  for (const auto& dial : model.dials) known.push_back(dial->style);
  if (known.size() > kMostNamed) known.resize(kMostNamed);
  return fmt::format("the model shows nothing of \"{}\"{}", shortened(turn.style),
                     known.empty() ? "" : fmt::format(". It knows: {}", fmt::join(known, ", ")));
}

}  // namespace latentdial::detail
