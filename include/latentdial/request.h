#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "latentdial/dial.h"
#include "latentdial/export.h"
#include "latentdial/image.h"
#include "latentdial/settings.h"

namespace latentdial {

class Upscaler;

/// A picture that a request brings: its pixels, which are what tells it from others. Copies share them, and
/// the size that they were last resized to.
class LATENTDIAL_API InputImage {
 public:
  /// `name` stands for it in messages.
  explicit InputImage(Image image, std::string name = "the given picture");
  /// Throws invalid_input naming the file when it is not a PNG, JPEG or WebP.
  [[nodiscard]] static InputImage read(const std::filesystem::path& path);
  /// The same of a mask (read_mask).
  [[nodiscard]] static InputImage read_as_mask(const std::filesystem::path& path);

  [[nodiscard]] const Image& image() const;
  [[nodiscard]] const std::string& name() const { return name_; }
  /// Of size and pixels; the same on every machine.
  [[nodiscard]] std::uint64_t hash() const;
  /// The same scaled and cut to width × height (resize_to_fill).
  [[nodiscard]] InputImage resized(int width, int height) const;
  /// Whether the pixels are the same, wherever they come from.
  friend LATENTDIAL_API bool operator==(const InputImage& a, const InputImage& b);

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
  std::string name_;
};

/// The pictures that settings name, in memory.
struct InputImages {
  std::optional<InputImage> start = {};         ///< In place of Settings::image.
  std::optional<InputImage> end = {};           ///< In place of Settings::to_image.
  std::optional<InputImage> reference = {};     ///< In place of Settings::reference.
  std::optional<InputImage> to_reference = {};  ///< In place of Settings::to_reference.
  std::optional<InputImage> style_mask = {};    ///< In place of Settings::style_mask.
  std::optional<InputImage> mask = {};          ///< In place of Settings::mask.
  std::optional<InputImage> kernel = {};        ///< In place of Settings::blur_kernel.
};

/// What is asked for: settings, and what they name where that is in memory already. Files that are named and
/// not given are opened.
struct Request {
  Settings settings;
  InputImages images = {};
  std::shared_ptr<const Dial> dial = {};          ///< In place of Settings::dial.
  std::shared_ptr<const Upscaler> upscaler = {};  ///< In place of the file that Settings::hires_with names.
  std::string lora_hashes = {};  ///< Of the LoRAs that settings name, "NAME: HASH, …"; resolving finds them.

  Request() = default;
  Request(Settings given) : settings(std::move(given)) {}
  Request(Settings given, InputImages pictures) : settings(std::move(given)), images(std::move(pictures)) {}

  [[nodiscard]] bool has_start() const { return images.start || !settings.image.empty(); }
  [[nodiscard]] bool has_end() const { return images.end || !settings.to_image.empty(); }
  [[nodiscard]] bool has_reference() const { return images.reference || !settings.reference.empty(); }
  [[nodiscard]] bool has_other_reference() const {
    return images.to_reference || !settings.to_reference.empty();
  }
  [[nodiscard]] bool has_mask() const { return images.mask || !settings.mask.empty(); }
  /// Whether a part of the start image is redrawn.
  [[nodiscard]] bool has_part() const { return has_mask() || !settings.redraw_words.empty(); }
  [[nodiscard]] bool has_kernel() const { return images.kernel || !settings.blur_kernel.empty(); }
  [[nodiscard]] bool has_style_mask() const { return images.style_mask || !settings.style_mask.empty(); }
};

/// Throws invalid_input of the first setting that is out of range, NaN, of an unknown name, or at odds with
/// another (`invert` without a picture; a size not a multiple of 8; `position` without `style`).
/// Opens no file and needs no model.
LATENTDIAL_API void validate(const Request& request);

}  // namespace latentdial
