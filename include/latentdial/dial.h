#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "latentdial/export.h"

namespace latentdial {

/// What one method of turning the dial is and can do (docs/method.md has the formulas).
struct MethodInfo {
  std::string name;           ///< As `Settings::method` has it.
  std::string summary;        ///< One line.
  bool acts_on_part = false;  ///< The style may act on a part of the picture: `style_mask`, `mask_words`.
  bool window = false;        ///< The style may act on a part of the steps: `style_start`, `style_end`.
  bool edits = false;         ///< It edits the finished picture.
  bool angle = false;         ///< It turns the encoding by an angle, perhaps `per_token`.
  bool turns_loras = false;   ///< It turns a LoRA as well as words.
  bool takes_dial = false;    ///< It starts from a dial file where there is one.
  bool weakens = false;       ///< It takes the style away: its angle grows as the position falls below 0.
  bool peer = false;          ///< Somebody else's dial, to compare with.
};

/// All methods, the default first.
[[nodiscard]] LATENTDIAL_API std::vector<MethodInfo> dial_methods();

/// How method `anchored` edits a finished picture.
struct EditRecipe {
  double start = 0;            ///< Share of the steps before the style begins to act, 0 to 1.
  int passes = 1;              ///< How often the steps from there on are gone through, 1 to 16.
  double guidance = 1;         ///< The edit's guidance scale as a share of the picture's, 0 to 4.
  int layout_level = 1;        ///< Decoder level whose first block fixes the layout but not yet the texture.
  double layout_share = 0.4;   ///< Of that block's output; more would bring the texture too (docs/ruler.md).
  double layout_until = 0.93;  ///< Share of the steps after which the layout is the edit's own.
  friend bool operator==(const EditRecipe&, const EditRecipe&) = default;
};

/// A point of a dial's course: the share of the style that is usually shown at a strength.
struct DialPoint {
  double position = 0;
  double strength = 0;  ///< Of the style's words; 0: the plain picture, 1: their own.
  friend bool operator==(const DialPoint&, const DialPoint&) = default;
};

/// How a style's words are put to a prompt's where nothing else is known.
inline constexpr const char* kStyleAfterPrompt = "{prompt}, {style}";

/// A calibrated dial: what `latentdial calibrate` found for one style of one model, and method `calibrated`
/// starts from. What a position comes to on the picture at hand, its key pictures tell.
struct Dial {
  std::string style = {};
  std::string model = {};        ///< ModelInfo::name, for messages.
  std::string fingerprint = {};  ///< ModelInfo::fingerprint of the model it was fitted on.
  double guidance_scale = 7.5;   ///< The one it was fitted at.
  /// How the style's words are put to a prompt's so that the style shows: this, or "{style} {prompt}".
  std::string words = kStyleAfterPrompt;
  /// From (0, 0) to the end of the range; positions and strengths rise.
  std::vector<DialPoint> points = {{0, 0}, {1, 1}};
  std::string reason = {};  ///< Why the range ends there.
  friend bool operator==(const Dial&, const Dial&) = default;

  /// The highest position. The lowest is -1: a style that the prompt names can be left out, and no more;
  /// there the points have no say.
  [[nodiscard]] double high() const { return points.back().position; }
  /// Between two points, in a straight line; beyond the ends, those.
  [[nodiscard]] LATENTDIAL_API double strength_at(double position) const;
  [[nodiscard]] LATENTDIAL_API double position_of(double strength) const;
};

/// What a dial's file holds: JSON.
[[nodiscard]] LATENTDIAL_API std::string to_json(const Dial& dial);

/// Reads such a text, which `name` stands for in messages. Throws invalid_input naming it and what is wrong.
[[nodiscard]] LATENTDIAL_API Dial dial_from_json(const std::string& text, const std::string& name);

/// Reads what `write_dial` wrote. Throws invalid_input naming the file and what is wrong in it.
[[nodiscard]] LATENTDIAL_API Dial read_dial(const std::filesystem::path& path);

/// Writes JSON, whole or not at all. Throws io.
LATENTDIAL_API void write_dial(const std::filesystem::path& path, const Dial& dial);

/// Of all that the dial holds; the same on every machine.
[[nodiscard]] LATENTDIAL_API std::uint64_t hash_of(const Dial& dial);

/// "STYLE.dial.json" as a dial_folder names it: lower case, spaces as "-", at most 100 bytes. A style that
/// such a name cannot tell from others has its hash in it.
[[nodiscard]] LATENTDIAL_API std::string dial_file_name(const std::string& style);

/// Where a model's own dials lie: "dials" in its folder, or beside a single file the folder "NAME.dials".
[[nodiscard]] LATENTDIAL_API std::filesystem::path dial_folder(const std::filesystem::path& model);

/// The styles that a model's dial_folder holds dials for, sorted; files that cannot be read are left out.
[[nodiscard]] LATENTDIAL_API std::vector<std::string> dial_styles(const std::filesystem::path& model);

}  // namespace latentdial
