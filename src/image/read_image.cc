#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <system_error>
#include <utility>

#include "files/read_file.h"
#include "image/formats.h"
#include "text/require.h"

namespace latentdial {

using namespace detail;
namespace {

constexpr std::uintmax_t kLargestFile = 512u << 20;
constexpr const char* kNeeded = "a PNG, JPEG or WebP is needed";

bool starts_with(std::span<const std::uint8_t> bytes, std::string_view magic, std::size_t at = 0) {
  return bytes.size() >= at + magic.size() && std::memcmp(bytes.data() + at, magic.data(), magic.size()) == 0;
}

DecodedImage decode(std::span<const std::uint8_t> bytes, const std::string& name) {
  if (starts_with(bytes, "\x89PNG\r\n\x1a\n")) return decode_png(bytes, name);
  if (starts_with(bytes, "\xff\xd8\xff")) return decode_jpeg(bytes, name);
  if (starts_with(bytes, "RIFF") && starts_with(bytes, "WEBP", 8)) return decode_webp(bytes, name);
  throw invalid_input(fmt::format("{} is not a picture; {}", name, kNeeded));
}

}  // namespace

bool detail::is_grey(const Image& image) {
  constexpr int kMostApart = 8;
  for (std::size_t i = 0; i < image.rgb.size(); i += 3) {
    const auto [least, most] = std::minmax({image.rgb[i], image.rgb[i + 1], image.rgb[i + 2]});
    if (most - least > kMostApart) return false;
  }
  return true;
}

std::string detail::read_bytes(const std::filesystem::path& path) {
  std::error_code fault;
  const auto status = std::filesystem::status(path, fault);
  require(std::filesystem::status_known(status), "", "{} cannot be read: {}", path.string(), fault.message());
  require(std::filesystem::exists(status), "", "{} does not exist; {}", path.string(), kNeeded);
  require(!std::filesystem::is_directory(status), "", "{} is a folder; {}", path.string(), kNeeded);
  const auto size = std::filesystem::file_size(path, fault);
  require(!fault && size <= kLargestFile, "", "{} is not a file of at most 512 MiB", path.string());
  require(size > 0, "", "{} is empty; {}", path.string(), kNeeded);
  std::string bytes = read_file(path, kLargestFile, fault);
  require(!fault, "", "{} cannot be read: {}", path.string(), fault.message());
  return bytes;
}

Image read_image(const std::filesystem::path& path) {
  return decode_image(as_bytes(read_bytes(path)), path.string());
}

Image read_mask(const std::filesystem::path& path) {
  return decode_mask(as_bytes(read_bytes(path)), path.string(), MaskOf::brightness);
}

Image decode_image(std::span<const std::uint8_t> bytes, const std::string& name) {
  return decode(bytes, name).image;
}

Image decode_mask(std::span<const std::uint8_t> bytes, const std::string& name, MaskOf of) {
  auto [image, parameters, opacity] = decode(bytes, name);
  if (of == MaskOf::opacity || (of == MaskOf::opacity_else_brightness && !opacity.rgb.empty())) {
    if (opacity.rgb.empty()) std::ranges::fill(image.rgb, std::uint8_t{255});
    return opacity.rgb.empty() ? std::move(image) : std::move(opacity);
  }
  if (opacity.rgb.empty()) return std::move(image);
  require(is_grey(image), "",
          "{} is a picture with transparent parts, which could be meant either way; paint one that is "
          "white where it acts and black elsewhere",
          name);
  // What is transparent is not painted; laid on white, a painted v of opacity a is v·a + 255·(1 − a).
  for (std::size_t i = 0; i < image.rgb.size(); ++i)
    image.rgb[i] = static_cast<std::uint8_t>(std::max(0, image.rgb[i] + opacity.rgb[i] - 255));
  return std::move(image);
}

std::string read_image_parameters(const std::filesystem::path& path) {
  return image_parameters(as_bytes(read_bytes(path)), path.string());
}

std::string image_parameters(std::span<const std::uint8_t> bytes, const std::string& name) {
  return decode(bytes, name).parameters;
}

void detail::check_sides(std::int64_t width, std::int64_t height, const std::string& name) {
  require(width > 0 && height > 0 && width <= kLargestSide && height <= kLargestSide &&
              width * height <= kMostPixels,
          "", "{} is {}x{}; sides of at most {} and {} million pixels are read", name, width, height,
          kLargestSide, kMostPixels / 1'000'000);
}

Image detail::lay_on_white(const std::uint8_t* rgba, int width, int height) {
  const auto pixels = static_cast<std::size_t>(width) * height;
  Image image{width, height, std::vector<std::uint8_t>(3 * pixels)};
  for (std::size_t i = 0; i < pixels; ++i) {
    const int alpha = rgba[4 * i + 3];
    for (std::size_t c = 0; c < 3; ++c) {
      image.rgb[3 * i + c] =
          static_cast<std::uint8_t>((rgba[4 * i + c] * alpha + 255 * (255 - alpha) + 127) / 255);
    }
  }
  return image;
}

Image detail::opacity_of(const std::uint8_t* rgba, int width, int height) {
  const auto pixels = static_cast<std::size_t>(width) * height;
  std::size_t opaque = 0;
  while (opaque < pixels && rgba[4 * opaque + 3] == 255) ++opaque;
  if (opaque == pixels) return {};
  Image opacity{width, height, std::vector<std::uint8_t>(3 * pixels)};
  for (std::size_t i = 0; i < opacity.rgb.size(); ++i) opacity.rgb[i] = rgba[4 * (i / 3) + 3];
  return opacity;
}

}  // namespace latentdial
