#include "task/canvas.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "image/area.h"

namespace latentdial::detail {
namespace {

/// Where the start image lies on its canvas.
PixelArea place_of(const Settings& s, const Image& start) {
  return {s.extend_left, s.extend_top, start.width, start.height};
}

Image of_one_colour(int width, int height, std::uint8_t value) {
  const auto pixels = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  return {.width = width, .height = height, .rgb = std::vector<std::uint8_t>(3 * pixels, value)};
}

/// White beside the start image; within it the mask that was given, or black.
InputImage new_space(const Settings& s, const Image& start, const std::optional<InputImage>& mask) {
  Image canvas = of_one_colour(s.extend_left + start.width + s.extend_right,
                               s.extend_top + start.height + s.extend_bottom, 255);
  lay_into(
      canvas, place_of(s, start),
      mask ? mask->resized(start.width, start.height).image() : of_one_colour(start.width, start.height, 0));
  return InputImage(std::move(canvas), mask ? mask->name() : "the new space");
}

/// The start image, continued by the colours of its edge.
InputImage extended(const Settings& s, const InputImage& start) {
  const Image& image = start.image();
  return InputImage(
      continued(image, s.extend_left, s.extend_top, s.extend_left + image.width + s.extend_right,
                s.extend_top + image.height + s.extend_bottom),
      start.name());
}

}  // namespace

bool extends(const Settings& settings) {
  return settings.extend_left + settings.extend_right + settings.extend_top + settings.extend_bottom > 0;
}

const char* extended_side(const Settings& settings) {
  if (settings.extend_left > 0) return "extend_left";
  if (settings.extend_right > 0) return "extend_right";
  return settings.extend_top > 0 ? "extend_top" : "extend_bottom";
}

InputImages on_canvas(const Settings& settings, const InputImages& images) {
  if (!images.start || !extends(settings)) return images;
  InputImages result = images;
  result.start = extended(settings, *images.start);
  result.mask = new_space(settings, images.start->image(), images.mask);
  return result;
}

int padding_around_mask(const Settings& settings) {
  return std::max({settings.mask_padding, settings.extend_left, settings.extend_right, settings.extend_top,
                   settings.extend_bottom});
}

}  // namespace latentdial::detail
