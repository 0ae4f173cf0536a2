#pragma once

#include <string>

namespace latentdial::server {

/// How an answer holds its pictures, which the server keeps as PNG.
struct PictureFormat {
  std::string name = "png";  ///< "png", "jpeg" or "webp".
  int quality = 100;         ///< Of the other two, 0 to 100.

  /// Throws invalid_input of "output_format" for another name.
  void check() const;
  /// The picture of a PNG in this format, with `parameters`, the text that the PNG holds.
  [[nodiscard]] std::string convert(const std::string& png, const std::string& parameters) const;
};

}  // namespace latentdial::server
