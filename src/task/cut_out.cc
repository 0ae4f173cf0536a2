#include "task/cut_out.h"

#include <algorithm>
#include <cmath>

#include "task/pasting.h"
#include "task/redrawn_part.h"

namespace latentdial::detail {
namespace {

/// [from, to) of one axis.
struct Span {
  int from = 0, to = 0;
  [[nodiscard]] int size() const { return to - from; }
};

/// Grown to both sides to at least `size`, within [0, most).
Span grown(Span span, int size, int most) {
  size = std::clamp(size, span.size(), most);
  const int from = std::clamp(span.from - (size - span.size()) / 2, 0, most - size);
  return {from, from + size};
}

PixelArea whole(const Image& image) {
  return {0, 0, image.width, image.height};
}

}  // namespace

PixelArea area_to_redraw(const Image& mask, double blur, int padding) {
  Span columns = {mask.width, 0}, rows = {mask.height, 0};
  for (int y = 0; y < mask.height; ++y)
    for (int x = 0; x < mask.width; ++x) {
      const auto pixel =
          static_cast<std::size_t>(y) * static_cast<std::size_t>(mask.width) + static_cast<std::size_t>(x);
      if (!is_named(mask, pixel)) continue;
      columns = {std::min(columns.from, x), std::max(columns.to, x + 1)};
      rows = {std::min(rows.from, y), std::max(rows.to, y + 1)};
    }
  if (columns.to == 0) return whole(mask);
  const int beside = padding + blur_reach(blur);
  columns = {std::max(0, columns.from - beside), std::min(mask.width, columns.to + beside)};
  rows = {std::max(0, rows.from - beside), std::min(mask.height, rows.to + beside)};
  return {columns.from, rows.from, columns.size(), rows.size()};
}

PixelArea of_at_least(const PixelArea& area, int least_width, int least_height, int width, int height) {
  const Span columns = grown({area.left, area.left + area.width}, least_width, width);
  const Span rows = grown({area.top, area.top + area.height}, least_height, height);
  return {columns.from, rows.from, columns.size(), rows.size()};
}

PixelArea with_shape(const PixelArea& area, double shape, int width, int height) {
  const Span columns =
      grown({area.left, area.left + area.width}, static_cast<int>(std::lround(area.height * shape)), width);
  const Span rows =
      grown({area.top, area.top + area.height}, static_cast<int>(std::lround(area.width / shape)), height);
  return {columns.from, rows.from, columns.size(), rows.size()};
}

RedrawnPart cut_out(const InputImage& start, const InputImage& mask, double blur, const PixelArea& area,
                    int width, int height) {
  return {.mask = InputImage(resized(mask.image(), area, width, height), mask.name()),
          .blur = blur * width / area.width,
          .cut_out = CutOut{start, mask, blur, area}};
}

Image laid_back(const Image& drawn, const CutOut& cut_out) {
  const PixelArea& area = cut_out.area;
  const auto of_area = [&](const Image& image) { return resized(image, area, area.width, area.height); };
  const Image& start = cut_out.picture.image();
  Image result = start;
  lay_into(result, area,
           pasted(of_area(start), resized(drawn, whole(drawn), area.width, area.height),
                  of_area(cut_out.mask.image()), cut_out.blur));
  return result;
}

}  // namespace latentdial::detail
