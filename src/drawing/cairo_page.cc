#include "drawing/cairo_page.h"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>

#include "latentdial/error.h"

namespace latentdial::detail {
namespace {

constexpr int kLongestSide = 32767;

}  // namespace

CairoPage::CairoPage(int width, int height)
    : surface_(nullptr, cairo_surface_destroy), cairo_(nullptr, cairo_destroy) {
  if (width < 1 || height < 1 || width > kLongestSide || height > kLongestSide) {
    throw invalid_input(fmt::format("the page would be {}x{}; sides of at most {} can be drawn", width,
                                    height, kLongestSide));
  }
  surface_.reset(cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height));
  cairo_.reset(cairo_create(surface_.get()));
  cairo_set_source_rgb(cairo_.get(), 1, 1, 1);
  cairo_paint(cairo_.get());
}

Image CairoPage::image() const {
  cairo_surface_flush(surface_.get());
  Image image{
      cairo_image_surface_get_width(surface_.get()), cairo_image_surface_get_height(surface_.get()), {}};
  image.rgb.resize(3 * static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height));
  const auto* data = cairo_image_surface_get_data(surface_.get());
  const auto stride = static_cast<std::size_t>(cairo_image_surface_get_stride(surface_.get()));
  for (std::size_t y = 0; y < static_cast<std::size_t>(image.height); ++y) {
    const auto* row = reinterpret_cast<const std::uint32_t*>(data + stride * y);
    auto* out = image.rgb.data() + 3 * static_cast<std::size_t>(image.width) * y;
    for (std::size_t x = 0; x < static_cast<std::size_t>(image.width); ++x) {
      for (std::size_t c = 0; c < 3; ++c) out[3 * x + c] = static_cast<std::uint8_t>(row[x] >> (16 - 8 * c));
    }
  }
  return image;
}

}  // namespace latentdial::detail
