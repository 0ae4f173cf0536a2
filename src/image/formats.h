#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "latentdial/image.h"

namespace latentdial::detail {

inline constexpr int kLargestSide = 16384;
inline constexpr std::int64_t kMostPixels = 1 << 26;

/// Decoders of one format each, from the bytes of a whole file; `name` is for error messages. They throw
/// invalid_input when the bytes are damaged or a side is over kLargestSide.
struct DecodedImage {
  Image image;  ///< Upright, as the file's EXIF has it.
  /// A PNG's text chunk of that name, or ComfyUI's "prompt" or InvokeAI's "invokeai_metadata"; else EXIF's
  /// UserComment; empty: none.
  std::string parameters;
  Image opacity = {};  ///< Grey, of the same size, 255 where it is opaque; empty: everywhere.
};
[[nodiscard]] DecodedImage decode_png(std::span<const std::uint8_t> bytes, const std::string& name);
[[nodiscard]] DecodedImage decode_jpeg(std::span<const std::uint8_t> bytes, const std::string& name);
[[nodiscard]] DecodedImage decode_webp(std::span<const std::uint8_t> bytes, const std::string& name);

/// The whole file. Throws invalid_input when it cannot be read or is over 512 MiB.
[[nodiscard]] std::string read_bytes(const std::filesystem::path& path);
[[nodiscard]] inline std::span<const std::uint8_t> as_bytes(const std::string& bytes) {
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

/// Throws invalid_input unless both sides are 1 to kLargestSide and the pixels at most kMostPixels.
void check_sides(std::int64_t width, std::int64_t height, const std::string& name);

/// Whether no pixel has a colour, but for what JPEG and scaling make of grey.
[[nodiscard]] bool is_grey(const Image& image);

/// RGBA rows laid on white.
[[nodiscard]] Image lay_on_white(const std::uint8_t* rgba, int width, int height);

/// Of RGBA rows, as DecodedImage has it.
[[nodiscard]] Image opacity_of(const std::uint8_t* rgba, int width, int height);

}  // namespace latentdial::detail
