#include "picture_format.h"

#include <cstdint>
#include <span>
#include <vector>

#include "latentdial/error.h"
#include "latentdial/image.h"

namespace latentdial::server {

void PictureFormat::check() const {
  if (name != "png" && name != "jpeg" && name != "webp")
    throw invalid_input("output_format", "png, jpeg or webp is needed");
}

std::string PictureFormat::convert(const std::string& png, const std::string& parameters) const {
  if (name == "png") return png;
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(png.data()), png.size());
  const Image image = decode_image(bytes, "the picture");
  const std::vector<std::uint8_t> converted =
      name == "jpeg" ? encode_jpeg(image, parameters, quality) : encode_webp(image, parameters, quality);
  return {converted.begin(), converted.end()};
}

}  // namespace latentdial::server
