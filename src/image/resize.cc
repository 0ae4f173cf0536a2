#include <algorithm>
#include <cmath>
#include <cstdint>

#include "image/area.h"
#include "latentdial/image.h"

namespace latentdial {
namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr int kPrecision =
    32 - 8 - 2;  // Fixed point of Pillow's 8-bit resampling: the result is the same to the bit.

double sinc(double x) {
  return x == 0 ? 1 : std::sin(kPi * x) / (kPi * x);
}
double lanczos(double x) {
  return std::abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0;
}
/// Keys 1981, a = −0.5.
double bicubic(double x) {
  x = std::abs(x);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

/// The weight of a pixel by its distance, which is 0 from `support` on.
struct Filter {
  double support;
  double (*weight)(double distance);
};
constexpr Filter kLanczos{3, lanczos}, kBicubic{2, bicubic};

/// The input pixels that make one output pixel: `weights` from `first` on.
struct Taps {
  int first = 0;
  std::vector<std::int32_t> weights;
};

/// Output pixels of one axis: which, of what is scaled.
struct Range {
  int first = 0, count = 0;
};

/// Taps of these output pixels, of `out_size` along an axis that shows [from, to) of `size` input pixels.
std::vector<Taps> make_taps(const Filter& filter, int size, double from, double to, int out_size,
                            Range wanted) {
  const double scale = (to - from) / out_size;
  const double stretch = std::max(scale, 1.0);
  std::vector<Taps> taps(static_cast<std::size_t>(wanted.count));
  for (int i = 0; i < wanted.count; ++i) {
    const double centre = from + (wanted.first + i + 0.5) * scale;
    const int first = std::max(0, static_cast<int>(centre - filter.support * stretch + 0.5));
    const int last = std::min(size, static_cast<int>(centre + filter.support * stretch + 0.5));
    std::vector<double> weights;
    double sum = 0;
    for (int x = first; x < last; ++x)
      sum += weights.emplace_back(filter.weight((x - centre + 0.5) / stretch));
    taps[static_cast<std::size_t>(i)].first = first;
    for (const double weight : weights) {
      taps[static_cast<std::size_t>(i)].weights.push_back(
          static_cast<std::int32_t>(std::lround(weight / sum * (1 << kPrecision))));
    }
  }
  return taps;
}

/// One output value: `values` points at the first tap's input, `stride` apart.
std::uint8_t apply(const Taps& taps, const std::uint8_t* values, std::size_t stride) {
  std::int64_t sum = 1 << (kPrecision - 1);
  for (std::size_t k = 0; k < taps.weights.size(); ++k)
    sum += static_cast<std::int64_t>(taps.weights[k]) * values[k * stride];
  return static_cast<std::uint8_t>(std::clamp<std::int64_t>(sum >> kPrecision, 0, 255));
}

/// The rows from `top` on, as many as `height`.
Image resize_rows(const Image& image, const std::vector<Taps>& taps, int top, int height) {
  Image out{static_cast<int>(taps.size()), height, std::vector<std::uint8_t>(3 * taps.size() * height)};
  for (std::size_t y = 0; y < static_cast<std::size_t>(height); ++y) {
    for (std::size_t x = 0; x < taps.size(); ++x) {
      for (std::size_t c = 0; c < 3; ++c) {
        out.rgb[3 * (y * taps.size() + x) + c] =
            apply(taps[x], &image.rgb[3 * ((top + y) * image.width + taps[x].first) + c], 3);
      }
    }
  }
  return out;
}

Image resize_columns(const Image& image, const std::vector<Taps>& taps) {
  const std::size_t row = 3 * static_cast<std::size_t>(image.width);
  Image out{image.width, static_cast<int>(taps.size()), std::vector<std::uint8_t>(row * taps.size())};
  for (std::size_t y = 0; y < taps.size(); ++y) {
    for (std::size_t i = 0; i < row; ++i)
      out.rgb[y * row + i] =
          apply(taps[y], &image.rgb[static_cast<std::size_t>(taps[y].first) * row + i], row);
  }
  return out;
}

/// What these taps of columns and rows make of a picture, of which only the rows that take part are looked
/// at.
Image resampled(const Image& image, const std::vector<Taps>& columns, std::vector<Taps> rows) {
  const int first = rows.front().first;
  const int last = rows.back().first + static_cast<int>(rows.back().weights.size());
  for (Taps& row : rows) row.first -= first;
  return resize_columns(resize_rows(image, columns, first, last - first), rows);
}

/// What lies between these sides, scaled.
Image scaled(const Filter& filter, const Image& image, double left, double top, double shown_width,
             double shown_height, int width, int height) {
  return resampled(image, make_taps(filter, image.width, left, left + shown_width, width, {0, width}),
                   make_taps(filter, image.height, top, top + shown_height, height, {0, height}));
}

const Filter& filter_of(detail::Resampling resampling) {
  return resampling == detail::Resampling::bicubic ? kBicubic : kLanczos;
}

/// Of a side that is scaled with one of `shorter` pixels to `size`, the middle so many pixels.
std::vector<Taps> middle_taps(const Filter& filter, int side, int shorter, int size) {
  const int scaled_side = static_cast<int>(std::int64_t{size} * side / shorter);
  return make_taps(filter, side, 0, side, scaled_side, {(scaled_side - size) / 2, size});
}

}  // namespace

Image detail::resized(const Image& image, const PixelArea& area, int width, int height,
                      Resampling resampling) {
  return scaled(filter_of(resampling), image, area.left, area.top, area.width, area.height, width, height);
}

Image detail::middle_square(const Image& image, int size, Resampling resampling) {
  const Filter& filter = filter_of(resampling);
  const int shorter = std::min(image.width, image.height);
  return resampled(image, middle_taps(filter, image.width, shorter, size),
                   middle_taps(filter, image.height, shorter, size));
}

Image detail::continued(const Image& image, int left, int top, int width, int height) {
  Image result{.width = width, .height = height, .rgb = {}};
  result.rgb.reserve(3 * static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      const int row = std::clamp(y - top, 0, image.height - 1);
      const int column = std::clamp(x - left, 0, image.width - 1);
      const auto from = image.rgb.begin() + std::ptrdiff_t{3} * (std::ptrdiff_t{row} * image.width + column);
      result.rgb.insert(result.rgb.end(), from, from + 3);
    }
  return result;
}

void detail::lay_into(Image& image, const PixelArea& area, const Image& laid) {
  const auto row = 3 * static_cast<std::ptrdiff_t>(area.width);
  for (std::ptrdiff_t y = 0; y < area.height; ++y)
    std::copy_n(laid.rgb.begin() + y * row, row,
                image.rgb.begin() + 3 * ((area.top + y) * image.width + area.left));
}

Image resize_to_fill(const Image& image, int width, int height) {
  if (image.width == width && image.height == height) return image;
  const double ratio = static_cast<double>(width) / height;
  const bool too_wide = static_cast<double>(image.width) / image.height > ratio;
  const double shown_width = too_wide ? ratio * image.height : image.width;
  const double shown_height = too_wide ? image.height : image.width / ratio;
  const double left = (image.width - shown_width) / 2, top = (image.height - shown_height) / 2;
  return scaled(kLanczos, image, left, top, shown_width, shown_height, width, height);
}

}  // namespace latentdial
