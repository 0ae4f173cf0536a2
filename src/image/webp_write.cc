#include <webp/encode.h>

#include <memory>
#include <new>
#include <string_view>

#include "image/exif.h"
#include "latentdial/image.h"
#include "text/require.h"

namespace latentdial {

using namespace detail;
namespace {

constexpr int kLargestWebpSide = WEBP_MAX_DIMENSION;
constexpr std::size_t kFileHeader = 12;  // "RIFF", the size of what follows, "WEBP".

std::string little_endian(std::size_t value, int size) {
  std::string bytes;
  for (int i = 0; i < size; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xff);
  return bytes;
}

std::string chunk(std::string_view name, const std::string& data) {
  const std::string padding(data.size() % 2, '\0');
  return std::string(name) + little_endian(data.size(), 4) + data + padding;
}

/// The extended form of a file (WebP container specification), which may hold EXIF.
std::string with_exif(const Image& image, std::string_view file, const std::string& exif) {
  constexpr std::size_t kHasExif = 0x08;
  const auto side = [](int pixels) { return little_endian(static_cast<std::size_t>(pixels - 1), 3); };
  const std::string chunks =
      chunk("VP8X", little_endian(kHasExif, 4) + side(image.width) + side(image.height)) +
      std::string(file.substr(kFileHeader)) + chunk("EXIF", exif);
  return "RIFF" + little_endian(4 + chunks.size(), 4) + "WEBP" + chunks;
}

}  // namespace

std::vector<std::uint8_t> encode_webp(const Image& image, const std::string& parameters, int quality) {
  require(image.width > 0 && image.height > 0 && image.width <= kLargestWebpSide &&
              image.height <= kLargestWebpSide,
          "", "a WebP has sides of 1 to {}, not {}x{}", kLargestWebpSide, image.width, image.height);
  std::uint8_t* bytes = nullptr;
  const std::size_t size = WebPEncodeRGB(image.rgb.data(), image.width, image.height, 3 * image.width,
                                         static_cast<float>(quality), &bytes);
  const std::unique_ptr<std::uint8_t, decltype(&WebPFree)> owned(bytes, WebPFree);
  if (size == 0) throw std::bad_alloc();
  if (parameters.empty()) return {bytes, bytes + size};
  const std::string whole =
      with_exif(image, {reinterpret_cast<const char*>(bytes), size}, write_exif(parameters));
  return {whole.begin(), whole.end()};
}

}  // namespace latentdial
