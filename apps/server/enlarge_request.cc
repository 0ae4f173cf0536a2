#include "enlarge_request.h"

#include <fmt/format.h>

#include <cstdint>
#include <span>

#include "latentdial/error.h"
#include "latentdial/image.h"

namespace latentdial::server {
namespace {

constexpr double kMostPixels = 1 << 26;  // Of a result: as many as are read of a picture.

}  // namespace

double read_number(const std::string& key, const Json& value, double least, double most) {
  if (!value.is_number() || !(value.get<double>() >= least && value.get<double>() <= most))
    throw invalid_input(key, fmt::format("{} is not a number from {} to {}", quoted(value), least, most));
  return value.get<double>();
}

BroughtPicture read_brought(Body& body, const std::string& key, const Json& value) {
  const std::string bytes = body.take_bytes(key, value);
  const std::span file(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  return {decode_image(file, key), image_parameters(file, key)};
}

void check_sizes(const Enlargement& enlargement) {
  for (const auto& [image, parameters] : enlargement.pictures) {
    const double factor = enlargement.factor_of(image);
    if (factor * image.width > kLongestEnlarged || factor * image.height > kLongestEnlarged ||
        factor * factor * image.width * image.height > kMostPixels)
      throw invalid_input(
          "image",
          fmt::format(
              "{}x{} would become {:g} times as large; {} pixels in all, and {} to a side, are possible",
              image.width, image.height, factor, 1 << 26, kLongestEnlarged));
  }
}

void check_all_taken(const Json& body) {
  if (body.empty()) return;
  throw invalid_input(body.begin().key(), "there is no such setting");
}

}  // namespace latentdial::server
