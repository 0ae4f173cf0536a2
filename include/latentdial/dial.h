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
  bool needs_dial = false;    ///< It turns a dial file, or the standard dial.
  bool weakens = false;       ///< It takes the style away: its angle grows as the position falls below 0.
  bool peer = false;          ///< Somebody else's dial, to compare with.
};

/// All methods, the default first.
[[nodiscard]] LATENTDIAL_API std::vector<MethodInfo> dial_methods();

/// A point of a dial: at this position stands the picture that method `anchored` makes at this strength.
struct DialPoint {
  double position = 0;
  double strength = 0;  ///< λ of method `anchored`; 0: the picture itself.
};

/// How method `anchored` edits a finished picture.
struct EditRecipe {
  double start = 0;     ///< Share of the steps before the style begins to act, 0 to 1.
  int passes = 1;       ///< How often the steps from there on are gone through, 1 to 16.
  double guidance = 1;  ///< The edit's guidance scale as a share of the picture's, 0 to 4.
  /// Where given, the edit begins with the picture's colours and outlines brought into the style, by as much
  /// of this map as the strength says: eighteen numbers (docs/method.md, "Colours first").
  std::vector<double> colours = {};
  int layout_level = 1;        ///< Decoder level whose first block fixes the layout but not yet the texture.
  double layout_share = 0.4;   ///< Of that block's output; more would bring the texture too (docs/ruler.md).
  double layout_until = 0.93;  ///< Share of the steps after which the layout is the edit's own.
  friend bool operator==(const EditRecipe&, const EditRecipe&) = default;
};

/// Keeps the scene best: docs/ruler.md, "The picture in full style".
inline const EditRecipe kGentleEdit = {.start = 0.5, .passes = 2, .guidance = 0.57};

/// One side of a dial: the pictures that its positions are mixed of, and how they are made.
struct DialSide {
  EditRecipe recipe = {};
  std::vector<DialPoint> points = {};  ///< From (0, 0) outwards.
  double end = 0;                      ///< The position where the range ends, at the last point or before.
  std::string reason = {};             ///< Why it ends there.
};

/// A calibrated dial: what `latentdial calibrate` found for one style of one model, and method `calibrated`
/// turns. Position p shows the share p of the style: between two points their pictures are mixed, pixel
/// by pixel.
struct Dial {
  std::string style = {};
  std::string model = {};        ///< ModelInfo::name, for messages.
  std::string fingerprint = {};  ///< ModelInfo::fingerprint of the model it was fitted on; "": not fitted.
  double guidance_scale = 7.5;   ///< The one it was fitted at.
  DialSide strengthen = {};      ///< Positions above 0: more of the style.
  DialSide weaken = {};          ///< Below 0: less of a style that the prompt names.

  [[nodiscard]] double high() const { return strengthen.end; }
  [[nodiscard]] double low() const { return weaken.end; }
  [[nodiscard]] const DialSide& side_of(double position) const { return position < 0 ? weaken : strengthen; }
  /// The points on either side of a position, and how far it is from the one to the other, 0 to 1; beyond an
  /// end, that end.
  struct Between {
    DialPoint below, above;
    double share = 0;
  };
  [[nodiscard]] LATENTDIAL_API Between around(double position) const;
};

/// The dial of a style that none was fitted for: position 1 is the strength of the words themselves, and
/// position -1 that of leaving them out.
[[nodiscard]] LATENTDIAL_API Dial standard_dial(const std::string& style);

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
