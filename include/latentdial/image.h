#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "latentdial/export.h"

namespace latentdial {

/// An 8-bit RGB picture, rows from the top, `rgb.size() == 3 * width * height`.
struct Image {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> rgb;
};

/// Reads a PNG, JPEG or WebP (by its content, not its name) as RGB, upright as its EXIF has it; transparency
/// is laid on white, 16 bits are cut to 8. Throws invalid_input for anything else, for damage, and for sides
/// over 16384 or more than 2^26 pixels.
[[nodiscard]] LATENTDIAL_API Image read_image(const std::filesystem::path& path);

/// The same for a file in memory; `name` stands for it in messages.
[[nodiscard]] LATENTDIAL_API Image decode_image(std::span<const std::uint8_t> bytes, const std::string& name);

/// What says in a mask how much of each pixel is meant.
enum class MaskOf {
  brightness,               ///< White is meant; what is transparent is not.
  opacity,                  ///< What is opaque is meant.
  opacity_else_brightness,  ///< The one where anything is transparent, else the other.
};

/// Reads such a picture as a mask: the brightness of a pixel is how much of it is meant. Throws invalid_input
/// as read_image does, and where `of` is brightness and a coloured picture has transparent parts.
[[nodiscard]] LATENTDIAL_API Image decode_mask(std::span<const std::uint8_t> bytes, const std::string& name,
                                               MaskOf of);
/// The same of a file, by its brightness.
[[nodiscard]] LATENTDIAL_API Image read_mask(const std::filesystem::path& path);

/// Writes a PNG with the text chunk `parameters`, whole or not at all. Throws io with the reason (a full
/// disk, no permission).
LATENTDIAL_API void write_png(const std::filesystem::path& path, const Image& image,
                              const std::string& parameters);

/// The bytes of that PNG.
[[nodiscard]] LATENTDIAL_API std::vector<std::uint8_t> encode_png(const Image& image,
                                                                  const std::string& parameters);

/// The bytes of a JPEG or WebP with `parameters` in EXIF's UserComment, as A1111 writes them; a JPEG has no
/// room for those of more than 32,000 characters, which are left out. `quality` is 0 to 100. Throws
/// invalid_input for sides that the format has not (WebP: over 16383).
[[nodiscard]] LATENTDIAL_API std::vector<std::uint8_t> encode_jpeg(const Image& image,
                                                                   const std::string& parameters,
                                                                   int quality);
[[nodiscard]] LATENTDIAL_API std::vector<std::uint8_t> encode_webp(const Image& image,
                                                                   const std::string& parameters,
                                                                   int quality);

/// The settings that a PNG has in its text chunk `parameters`, a JPEG or WebP (as A1111 writes them) in
/// EXIF's UserComment; empty when it has none. Throws invalid_input when it is none of the three.
[[nodiscard]] LATENTDIAL_API std::string read_image_parameters(const std::filesystem::path& path);
/// The same for a file in memory; `name` stands for it in messages.
[[nodiscard]] LATENTDIAL_API std::string image_parameters(std::span<const std::uint8_t> bytes,
                                                          const std::string& name);

/// A copy scaled to fill width × height and cut at the centre (Lanczos, rows first, as Pillow up to 12 does).
[[nodiscard]] LATENTDIAL_API Image resize_to_fill(const Image& image, int width, int height);

}  // namespace latentdial
