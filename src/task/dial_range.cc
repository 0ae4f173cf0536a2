#include "task/dial_range.h"

#include <algorithm>
#include <cmath>

#include "dial/style_words.h"

namespace latentdial::detail {
namespace {

constexpr const char* kBeyondWords =
    "the words show no more; latentdial calibrate finds out how far a style goes beyond them";
constexpr const char* kBeyondLowest = "the style is left out there, and there is nothing beyond that";
constexpr const char* kWholeLora = "that is the whole LoRA; turn more of it by a scale, as in lora:NAME:1.5";
constexpr const char* kWithoutLora = "all of the LoRA is taken away there";
constexpr const char* kNotNamed = "the prompt does not name the style, so nothing can be taken away";

}  // namespace

HeldPosition held_position(const Task& task) {
  const Turn& turn = task.turn;
  if (turn.lora) {
    const double held = std::clamp(turn.position, -1.0, 1.0);
    return {held, held == turn.position ? "" : held > 0 ? kWholeLora : kWithoutLora};
  }
  const std::string prompt = task.content.to.prompt.empty() ? task.content.words.prompt : "";
  const bool names_style = without_style(prompt, turn.style).has_value();
  const double held =
      std::clamp(turn.position, names_style ? -1.0 : 0.0, turn.dial ? turn.dial->high() : 1.0);
  if (held == turn.position) return {held};
  if (turn.position > held) return {held, turn.dial ? turn.dial->reason : kBeyondWords};
  return {held, names_style ? kBeyondLowest : kNotNamed};
}

double end_position(const Turn& turn) {
  return turn.position < 0 || !turn.dial ? 1 : std::min(1.0, turn.dial->high());
}

double end_strength(const Turn& turn) {
  if (turn.position < 0) return -1;
  return turn.dial ? turn.dial->strength_at(end_position(turn)) : 1;
}

std::optional<double> key_strength(const Turn& turn) {
  if (turn.position == 0) return 0;
  if (std::abs(turn.position) == end_position(turn)) return end_strength(turn);
  if (turn.dial && turn.position == turn.dial->high()) return turn.dial->points.back().strength;
  return std::nullopt;
}

}  // namespace latentdial::detail
