#include <webp/decode.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "image/exif.h"
#include "image/formats.h"
#include "text/require.h"

namespace latentdial::detail {
namespace {

/// The data of the RIFF chunk EXIF; empty where there is none.
std::span<const std::uint8_t> exif_chunk(std::span<const std::uint8_t> bytes) {
  constexpr std::size_t kFileHeader = 12, kChunkHeader = 8;
  bytes = bytes.subspan(std::min(bytes.size(), kFileHeader));
  while (bytes.size() >= kChunkHeader) {
    std::size_t size = 0;
    for (std::size_t i = 0; i < 4; ++i) size |= static_cast<std::size_t>(bytes[4 + i]) << (8 * i);
    const auto data = bytes.subspan(kChunkHeader);
    if (std::memcmp(bytes.data(), "EXIF", 4) == 0) return data.first(std::min(size, data.size()));
    bytes = data.subspan(std::min(data.size(), size + size % 2));
  }
  return {};
}

}  // namespace

DecodedImage decode_webp(std::span<const std::uint8_t> bytes, const std::string& name) {
  int width = 0, height = 0;
  require(WebPGetInfo(bytes.data(), bytes.size(), &width, &height) != 0, "", "{} is a damaged WebP", name);
  check_sides(width, height, name);
  const std::unique_ptr<std::uint8_t, decltype(&WebPFree)> rgba(
      WebPDecodeRGBA(bytes.data(), bytes.size(), &width, &height), WebPFree);
  require(rgba != nullptr, "", "{} is a damaged or animated WebP", name);
  Exif exif = read_exif(exif_chunk(bytes));
  return {upright(lay_on_white(rgba.get(), width, height), exif.orientation), std::move(exif.comment),
          upright(opacity_of(rgba.get(), width, height), exif.orientation)};
}

}  // namespace latentdial::detail
