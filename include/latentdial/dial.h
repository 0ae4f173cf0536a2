#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace latentdial {

/// A point of a dial's curve: at this position the guidance has this strength.
struct DialPoint {
  double position = 0;
  double strength = 0;  ///< λ of method `anchored`.
};

/// A calibrated dial: what `latentdial calibrate` found for one style of one model, and method `calibrated`
/// turns. Position p shows the share p of the style.
struct Dial {
  std::string style;
  std::string model;            ///< ModelInfo::name, for messages.
  std::string fingerprint;      ///< ModelInfo::fingerprint of the model it was fitted on.
  double guidance_scale = 7.5;  ///< The one it was fitted at.
  double style_start = 0;       ///< Share of the steps before the style begins, when it is strengthened.
  double weaken_start = 0;      ///< The same when it is weakened.
  std::vector<DialPoint> strengthen;  ///< From (0, 0) upwards, both increasing: more of the style.
  std::vector<DialPoint> weaken;      ///< From (0, 0) downwards: less of a style that the prompt names.
  std::string high_reason;            ///< Why the range ends at the last point of `strengthen`.
  std::string low_reason;             ///< Why it ends at the last point of `weaken`.

  [[nodiscard]] double high() const { return strengthen.back().position; }
  [[nodiscard]] double low() const { return weaken.empty() ? 0 : weaken.back().position; }
  [[nodiscard]] double start_at(double position) const { return position < 0 ? weaken_start : style_start; }
  /// λ at a position, linear between the points and held at the ends.
  [[nodiscard]] double strength_at(double position) const;
};

/// Reads what `write_dial` wrote. Throws invalid_input naming the file and what is wrong in it.
[[nodiscard]] Dial read_dial(const std::filesystem::path& path);

/// Writes JSON under a temporary name and renames it. Throws io.
void write_dial(const std::filesystem::path& path, const Dial& dial);

/// "STYLE.dial.json" as the model's folder `dials` names it: lower case, spaces as "-".
[[nodiscard]] std::string dial_file_name(const std::string& style);

}  // namespace latentdial
