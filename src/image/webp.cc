#include <fmt/format.h>
#include <webp/decode.h>

#include <memory>

#include "image/formats.h"
#include "latentdial/error.h"

namespace latentdial::detail {

Image decode_webp(std::span<const std::uint8_t> bytes, const std::string& name) {
  int width = 0, height = 0;
  if (WebPGetInfo(bytes.data(), bytes.size(), &width, &height) == 0)
    throw invalid_input(fmt::format("{} is a damaged WebP", name));
  check_sides(width, height, name);
  const std::unique_ptr<std::uint8_t, decltype(&WebPFree)> rgba(
      WebPDecodeRGBA(bytes.data(), bytes.size(), &width, &height), WebPFree);
  if (!rgba) throw invalid_input(fmt::format("{} is a damaged or animated WebP", name));
  return lay_on_white(rgba.get(), width, height);
}

}  // namespace latentdial::detail
