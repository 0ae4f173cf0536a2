#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dial/conditioning.h"
#include "dial/method.h"
#include "dial/style_words.h"
#include "diffusion/sampler.h"
#include "image/area.h"
#include "latentdial/request.h"
#include "model/lora_folder.h"
#include "model/text_reader.h"
#include "task/enlargement.h"
#include "task/restoration.h"
#include "tensor/tiles.h"

/// What is to be made, by parts. What a stage of the work remembers is found again by the parts that it
/// depends on, compared whole: a new setting belongs to one part, and needs no decision elsewhere.
namespace latentdial::detail {

/// What is said in words.
struct Words {
  std::string prompt = {}, negative_prompt = {};
  PromptSyntax syntax = PromptSyntax::a1111;
  int clip_skip = 1;  ///< As Settings::clip_skip.
  bool operator==(const Words&) const = default;
};

/// A picture that an unCLIP model draws variations of.
struct Reference {
  InputImage seen;      ///< The square that its image encoder sees.
  int noise_level = 0;  ///< How far what it sees there is noised.
  bool operator==(const Reference&) const = default;
};

/// The other end of an interpolation, and how far it is on the way there.
struct Interpolation {
  std::string prompt = {};  ///< Empty: the same.
  std::optional<InputImage> image = {};
  std::optional<InputImage> reference = {};  ///< As Reference::seen.
  std::optional<std::uint64_t> seed = {};
  double theta = 0;  ///< 0 the first end, 1 the other; 0 where there is no other.
  bool operator==(const Interpolation&) const = default;
};

struct Guidance {
  double scale = 7.5;
  StepInterval interval = {};
  double rescale = 0;  ///< How far a prediction is brought back to the spread that it has without guidance.
  bool operator==(const Guidance&) const = default;
};

/// The steps from noise to a picture, and its size.
struct Sampling {
  std::string sampler = {}, scheduler = {};
  double eta = kDefaultEta;  ///< Share of new noise in each step, of the sampler "tcd".
  int steps = 50;
  int width = 0, height = 0;  ///< Pixels.
  int reuse = 1;              ///< The denoiser's deeper levels are computed at every so many-th step.
  double refiner_switch = 1;  ///< Share of the noise schedule after which the refiner draws; 1: it does not.
  bool operator==(const Sampling&) const = default;
};

/// Where a part that is drawn by itself lies in the picture that it is a part of.
struct CutOut {
  InputImage picture, mask;  ///< Whole, of one size.
  double blur = 0;           ///< Of that mask's edges, in its pixels.
  PixelArea area;
  bool operator==(const CutOut&) const = default;
};

/// The part of a start image that is redrawn.
struct RedrawnPart {
  /// Of the picture's size: white where it is redrawn, grey where it is with less strength. None: where the
  /// start image shows `words`, which is found before (session/shown_words.h).
  std::optional<InputImage> mask = {};
  std::string words = {};
  double blur = 0;                     ///< Of the mask's edges, in pixels.
  std::string fill = {};               ///< What it begins with: "original", "around", "noise" or "nothing".
  bool twice = false;                  ///< Each step is looked at twice (DING); else the rest is put back.
  std::optional<CutOut> cut_out = {};  ///< Of the whole picture, where the start image is only an area of it.
  bool operator==(const RedrawnPart&) const = default;
};

/// What the picture begins with.
struct Source {
  std::uint64_t seed = 0;
  std::optional<InputImage> image = {};  ///< Of the picture's size; none: pure noise.
  std::optional<RedrawnPart> part = {};  ///< Of `image`; none: all of it is redrawn.
  double strength = 1;                   ///< How far `image` is noised or inverted, 0 to 1; 1 without one.
  bool inverted = false;                 ///< The noise is that which leads back to `image`.
  std::optional<Restoration> restoration = {};  ///< `image` is a worse copy of what is to be made.
  std::optional<Enlargement> enlargement = {};  ///< What an upscaling model is told; `image` is none then.
  std::optional<Reference> reference = {};      ///< What an unCLIP model is told.
  std::vector<Tile> tiles = {};  ///< Of the latents, that are looked at one by one; empty: seen whole.
  bool operator==(const Source&) const = default;
};

/// How many evaluations a step from it takes.
[[nodiscard]] inline std::size_t looks_at_step(const Source& source) {
  if (source.part && source.part->twice) return 2;
  return std::max<std::size_t>(1, source.tiles.size());
}

/// All of a picture but its dial.
struct Content {
  Words words = {};
  bool per_token = false;  ///< Encodings are turned token by token.
  Interpolation to = {};
  Guidance guidance = {};
  Sampling sampling = {};
  Source source = {};
  bool operator==(const Content&) const = default;
};

/// Where in the picture the style acts; everywhere where neither is given.
struct StyleArea {
  std::optional<InputImage> mask = {};  ///< Of the picture's size: where it is white.
  std::string words = {};               ///< Where the finished picture shows these words of the prompt.
  bool operator==(const StyleArea&) const = default;
};

/// The dial.
struct Turn {
  const DialMethod* method = nullptr;  ///< Null: no dial.
  std::string style = {};
  std::optional<LoraUse> lora = {};       ///< The style is this, and no words.
  std::string words = kStyleAfterPrompt;  ///< As Dial::words.
  double position = 0;
  StepInterval window = {};
  EditRecipe recipe = {};
  StyleArea area = {};
  std::optional<Dial> dial = {};  ///< Fitted to the style.
  bool operator==(const Turn&) const = default;

  /// Whether the finished picture is edited, rather than the picture as it is made.
  [[nodiscard]] bool edits() const { return method != nullptr && method->info.edits; }
  /// Whether its position is a share of a path that key pictures tell.
  [[nodiscard]] bool follows_path() const { return method != nullptr && method->follows_path; }
  /// What the style puts around a prompt: nothing where it is no words.
  [[nodiscard]] Around around() const { return lora ? Around{} : around_prompt(words, style); }
  /// What all positions have in common while the picture is made: nothing where it is edited afterwards.
  [[nodiscard]] Turn shared() const;
};

/// One picture.
struct Task {
  Content content;
  Turn turn;
  bool operator==(const Task&) const = default;
};

[[nodiscard]] std::unique_ptr<Sampler> make_sampler(const Sampling& sampling, const NoiseSchedule& schedule);

/// The evaluation that a picture begins at: 0, or where the noise of its start picture ends.
[[nodiscard]] int first_evaluation(const Source& source, const Sampler& sampler);

/// The evaluation from which pictures that differ in the dial's position alone differ: the first without a
/// dial, the end where the finished picture is edited.
[[nodiscard]] int fork_evaluation(const Task& task, const Sampler& sampler);

}  // namespace latentdial::detail
