#include "latentdial/explanation.h"

#include <cairo.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

#include "drawing/cairo_page.h"
#include "latentdial/error.h"

namespace latentdial {

using namespace detail;
namespace {

constexpr int kRounds = 12;
constexpr double kMargin = 26;  // Room for the numbers at the axes.

using Colour = std::array<double, 3>;

Colour colour_at(const Image& image, std::size_t pixel) {
  return {static_cast<double>(image.rgb[3 * pixel]), static_cast<double>(image.rgb[3 * pixel + 1]),
          static_cast<double>(image.rgb[3 * pixel + 2])};
}

double squared_distance(const Colour& a, const Colour& b) {
  double sum = 0;
  for (std::size_t c = 0; c < 3; ++c) sum += (a[c] - b[c]) * (a[c] - b[c]);
  return sum;
}

double brightness(const PaletteColour& colour) {
  return 0.299 * colour.rgb[0] + 0.587 * colour.rgb[1] + 0.114 * colour.rgb[2];
}

std::size_t nearest(const Colour& colour, const std::vector<Colour>& centres) {
  const auto closer = [&](const Colour& a, const Colour& b) {
    return squared_distance(colour, a) < squared_distance(colour, b);
  };
  return static_cast<std::size_t>(std::min_element(centres.begin(), centres.end(), closer) - centres.begin());
}

/// The first pixel, then again and again the one furthest from all chosen: fewer where no more differ.
std::vector<Colour> spread_centres(const Image& picture, int count) {
  std::vector<Colour> centres = {colour_at(picture, 0)};
  const std::size_t pixels = picture.rgb.size() / 3;
  std::vector<double> distance(pixels, 1e9);
  while (static_cast<int>(centres.size()) < count) {
    std::size_t furthest = 0;
    for (std::size_t i = 0; i < pixels; ++i) {
      distance[i] = std::min(distance[i], squared_distance(colour_at(picture, i), centres.back()));
      if (distance[i] > distance[furthest]) furthest = i;
    }
    if (distance[furthest] == 0) break;
    centres.push_back(colour_at(picture, furthest));
  }
  return centres;
}

struct Cluster {
  Colour sum = {};
  std::size_t count = 0;
};

std::vector<Cluster> assign(const Image& picture, const std::vector<Colour>& centres) {
  std::vector<Cluster> clusters(centres.size());
  for (std::size_t i = 0; i < picture.rgb.size() / 3; ++i) {
    const Colour colour = colour_at(picture, i);
    Cluster& cluster = clusters[nearest(colour, centres)];
    for (std::size_t c = 0; c < 3; ++c) cluster.sum[c] += colour[c];
    ++cluster.count;
  }
  return clusters;
}

void draw_bar(cairo_t* cairo, const std::vector<PaletteColour>& colours, double top, double width,
              double height) {
  double left = 0;
  for (const auto& colour : colours) {
    cairo_set_source_rgb(cairo, colour.rgb[0] / 255.0, colour.rgb[1] / 255.0, colour.rgb[2] / 255.0);
    cairo_rectangle(cairo, left, top, colour.share * width + 1, height);
    cairo_fill(cairo);
    left += colour.share * width;
  }
}

/// From values to pixels of a chart.
struct Axes {
  double left, right, bottom, top, min_x, max_x, min_y, max_y;
  [[nodiscard]] double x(double value) const {
    return left + (value - min_x) / (max_x - min_x) * (right - left);
  }
  [[nodiscard]] double y(double value) const {
    return bottom - (value - min_y) / (max_y - min_y) * (bottom - top);
  }
};

Axes axes_for(const std::vector<std::pair<double, double>>& points, int width, int height) {
  Axes axes{kMargin + 8, width - 8.0, height - kMargin, 8, 0, 0, 0, 0};
  for (const auto& [position, response] : points) {
    axes.min_x = std::min(axes.min_x, position);
    axes.max_x = std::max(axes.max_x, position);
    axes.min_y = std::min({axes.min_y, response, position});
    axes.max_y = std::max({axes.max_y, response, position});
  }
  if (axes.max_x <= axes.min_x) axes.max_x = axes.min_x + 1;
  if (axes.max_y <= axes.min_y) axes.max_y = axes.min_y + 1;
  return axes;
}

void draw_frame(cairo_t* cairo, const Axes& axes) {
  cairo_set_line_width(cairo, 1);
  cairo_set_source_rgb(cairo, 0.8, 0.8, 0.8);
  cairo_rectangle(cairo, axes.left, axes.top, axes.right - axes.left, axes.bottom - axes.top);
  cairo_stroke(cairo);
  const double dashes[] = {4, 4};
  cairo_set_dash(cairo, dashes, 2, 0);
  cairo_move_to(cairo, axes.x(axes.min_x), axes.y(axes.min_x));
  cairo_line_to(cairo, axes.x(axes.max_x), axes.y(axes.max_x));
  cairo_stroke(cairo);
  cairo_set_dash(cairo, nullptr, 0, 0);
  cairo_set_source_rgb(cairo, 0.4, 0.4, 0.4);
  cairo_select_font_face(cairo, "sans", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size(cairo, 11);
  const auto write = [&](double x, double y, double value) {
    cairo_move_to(cairo, x, y);
    cairo_show_text(cairo, fmt::format("{:.0f} %", 100 * value).c_str());
  };
  write(axes.left - 4, axes.bottom + 16, axes.min_x);
  write(axes.right - 34, axes.bottom + 16, axes.max_x);
  write(1, axes.bottom, axes.min_y);
  write(1, axes.top + 10, axes.max_y);
}

}  // namespace

std::vector<PaletteColour> palette_of(const Image& picture, int count) {
  std::vector<Colour> centres = spread_centres(picture, count);
  std::vector<Cluster> clusters;
  for (int round = 0; round < kRounds; ++round) {
    clusters = assign(picture, centres);
    for (std::size_t k = 0; k < centres.size(); ++k) {
      for (std::size_t c = 0; c < 3 && clusters[k].count > 0; ++c)
        centres[k][c] = clusters[k].sum[c] / static_cast<double>(clusters[k].count);
    }
  }
  std::vector<PaletteColour> palette;
  for (std::size_t k = 0; k < centres.size(); ++k) {
    if (clusters[k].count == 0) continue;
    PaletteColour colour;
    for (std::size_t c = 0; c < 3; ++c) colour.rgb[c] = static_cast<std::uint8_t>(std::lround(centres[k][c]));
    colour.share = 3.0 * static_cast<double>(clusters[k].count) / static_cast<double>(picture.rgb.size());
    palette.push_back(colour);
  }
  std::sort(palette.begin(), palette.end(),
            [](const auto& a, const auto& b) { return brightness(a) < brightness(b); });
  return palette;
}

std::vector<float> change_between(const Image& before, const Image& after) {
  if (before.width != after.width || before.height != after.height)
    throw Error(ErrorCode::internal, "change_between: the pictures differ in size");
  std::vector<float> change(before.rgb.size() / 3);
  for (std::size_t i = 0; i < before.rgb.size(); ++i)
    change[i / 3] += static_cast<float>(std::abs(after.rgb[i] - before.rgb[i])) / (3 * 255.0F);
  return change;
}

double mean_change(const Image& before, const Image& after) {
  const auto change = change_between(before, after);
  return std::accumulate(change.begin(), change.end(), 0.0) / static_cast<double>(change.size());
}

Image draw_change(const Image& before, const Image& after) {
  const auto change = change_between(before, after);
  const float largest = std::max(1e-6F, *std::max_element(change.begin(), change.end()));
  Image map = before;
  for (std::size_t i = 0; i < change.size(); ++i) {
    const Colour colour = colour_at(before, i);
    const double grey = 200 + 55 * (0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]) / 255;
    const double share = change[i] / largest;
    const Colour hot = {230, 200 * (1 - share), 30 * (1 - share)};
    for (std::size_t c = 0; c < 3; ++c) {
      const double opacity = std::sqrt(share);
      map.rgb[3 * i + c] = static_cast<std::uint8_t>(std::lround(grey + opacity * (hot[c] - grey)));
    }
  }
  return map;
}

Image draw_palettes(const std::vector<PaletteColour>& before, const std::vector<PaletteColour>& after,
                    int width, int height) {
  const CairoPage page(width, height);
  draw_bar(page.cairo(), before, 0, width, height / 2.0 - 4);
  draw_bar(page.cairo(), after, height / 2.0 + 4, width, height / 2.0 - 4);
  return page.image();
}

Image draw_response(const std::vector<std::pair<double, double>>& points, int width, int height) {
  const CairoPage page(width, height);
  const Axes axes = axes_for(points, width, height);
  draw_frame(page.cairo(), axes);
  cairo_new_path(page.cairo());
  cairo_set_source_rgb(page.cairo(), 0.75, 0.25, 0.15);
  cairo_set_line_width(page.cairo(), 2);
  for (const auto& [position, response] : points)
    cairo_line_to(page.cairo(), axes.x(position), axes.y(response));
  cairo_stroke(page.cairo());
  for (const auto& [position, response] : points) {
    cairo_arc(page.cairo(), axes.x(position), axes.y(response), 3, 0, 6.2831853);
    cairo_fill(page.cairo());
  }
  return page.image();
}

}  // namespace latentdial
