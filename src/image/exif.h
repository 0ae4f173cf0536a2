#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "latentdial/image.h"

namespace latentdial::detail {

/// What is read of a picture's EXIF (EXIF 2.3, section 4.6), which JPEG, PNG and WebP hold alike.
struct Exif {
  int orientation = 1;  ///< 1 to 8; 1: as it stands.
  std::string comment;  ///< UserComment as UTF-8, where A1111 writes its settings into JPEG and WebP.
};

/// Of a TIFF structure, perhaps behind "Exif\0\0"; what is damaged counts as missing.
[[nodiscard]] Exif read_exif(std::span<const std::uint8_t> bytes);

/// A TIFF structure with that comment, in UTF-16.
[[nodiscard]] std::string write_exif(const std::string& comment);

/// The picture turned and mirrored so that it stands upright.
[[nodiscard]] Image upright(Image image, int orientation);

}  // namespace latentdial::detail
