#pragma once

#include <memory>
#include <string>
#include <vector>

#include "latentdial/export.h"
#include "latentdial/image.h"
#include "latentdial/meter.h"

namespace latentdial {

/// A CLIP model, and what it runs on.
struct ClipOptions {
  /// Folder as transformers writes it: config.json with model.safetensors (or its shards, or a .bin) of a
  /// CLIPModel, or of a CLIPVisionModelWithProjection, which reads no texts.
  std::string folder;
  std::string dtype = {};  ///< "f32" or "bf16"; empty: bf16 on processors with AVX2.
  int threads = 0;         ///< 0: every core this process may use.
};

/// A picture's or a text's place in the space that CLIP has both in (Radford et al. 2021, arXiv 2103.00020):
/// `Clip::width()` numbers, of any length.
using Embedding = std::vector<float>;

/// The cosine of the angle between two of one model, −1 to 1. Throws invalid_input for two of other widths.
[[nodiscard]] LATENTDIAL_API double similarity(const Embedding& a, const Embedding& b);

/// How near a picture is to words, each −1 to 1: what `styled` is above `plain` the style's words add.
struct ClipReading {
  double styled = 0;          ///< To the prompt with the style, as the meter puts them together.
  double plain = 0;           ///< To the prompt without it.
  std::string left_out = {};  ///< Of the words with the style what does not fit the window (Clip::left_out).
};

/// CLIP's two encoders. Calls of one model run one after the other.
class LATENTDIAL_API Clip {
 public:
  /// Throws invalid_input when the folder cannot be read, holds another kind of model, or a tensor that has
  /// no place in it.
  static Clip load(const ClipOptions& options);
  ~Clip();
  Clip(Clip&&) noexcept;
  Clip& operator=(Clip&&) noexcept;

  [[nodiscard]] int width() const;         ///< Of an embedding.
  [[nodiscard]] int image_size() const;    ///< Side of the square that the image encoder sees, in pixels.
  [[nodiscard]] bool reads_texts() const;  ///< Whether there is a text encoder.

  /// What CLIP sees of a picture: its middle square, scaled (bicubic, as transformers does with Pillow).
  [[nodiscard]] Embedding embed(const Image& image) const;
  /// A text of at most 75 tokens; the rest of a longer one is left out (`left_out`). Throws invalid_input
  /// where there is no text encoder.
  [[nodiscard]] Embedding embed(const std::string& text) const;
  /// The end of a text that does not fit the encoder's window, in lower case; "" where all fits. Throws
  /// invalid_input where there is no text encoder.
  [[nodiscard]] std::string left_out(const std::string& text) const;

  /// A second opinion beside the meter's on each picture; of the measurement counts what is said. Throws
  /// invalid_input where there is no text encoder.
  [[nodiscard]] std::vector<ClipReading> compare(const std::vector<Image>& pictures,
                                                 const Measurement& measurement) const;

 private:
  struct LATENTDIAL_LOCAL State;
  explicit Clip(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace latentdial
