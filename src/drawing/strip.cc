#include "latentdial/strip.h"

#include <cairo.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "drawing/cairo_page.h"
#include "latentdial/error.h"
#include "text/utf8.h"

namespace latentdial {

using namespace detail;
namespace {

constexpr double kGap = 8;
constexpr double kSmallestFont = 11, kLargestFont = 22;
constexpr double kLine = 1.45;          // Line height in font sizes.
constexpr double kTitle = 1.25;         // Title size in label sizes.
constexpr double kLargestPage = 32767;  // Cairo draws no longer side.

/// Where everything goes, in pixels.
struct Layout {
  int columns = 0, rows = 0, labels = 0;
  double cell_width = 0, cell_height = 0, font = 0, top = 0;

  [[nodiscard]] double row_height() const { return cell_height + labels * font * kLine + kGap; }
  [[nodiscard]] int width() const {
    return static_cast<int>(std::ceil(kGap + columns * (cell_width + kGap)));
  }
  [[nodiscard]] int height() const { return static_cast<int>(std::ceil(top + rows * row_height())); }
};

Layout lay_out(const std::string& title, const std::vector<StripFrame>& frames, int columns) {
  Layout layout;
  const int count = static_cast<int>(frames.size());
  layout.columns = std::max(1, std::min(columns, count));
  layout.rows = (count + layout.columns - 1) / layout.columns;
  for (const auto& frame : frames) {
    layout.cell_width = std::max<double>(layout.cell_width, frame.image.width);
    layout.cell_height = std::max<double>(layout.cell_height, frame.image.height);
    layout.labels = std::max(layout.labels, static_cast<int>(frame.labels.size()));
  }
  layout.font = std::clamp(layout.cell_width / 10, kSmallestFont, kLargestFont);
  layout.top = kGap + (title.empty() ? 0 : layout.font * kTitle * kLine);
  return layout;
}

/// By how much frames are made smaller, so that Cairo can draw the page: 1, or less. Throws invalid_input
/// where there are too many of them.
double scale_of(const Layout& layout) {
  const double width = (kLargestPage - kGap) / layout.columns - kGap;
  const double height =
      (kLargestPage - layout.top) / layout.rows - (layout.row_height() - layout.cell_height);
  if (width < 1 || height < 1)
    throw invalid_input(
        fmt::format("{} by {} frames are too many for one page", layout.columns, layout.rows));
  return std::min({1.0, width / layout.cell_width, height / layout.cell_height});
}

/// Each frame, no longer than it may be.
std::vector<StripFrame> fitted(const std::vector<StripFrame>& frames, double scale) {
  std::vector<StripFrame> smaller;
  const auto scaled = [&](int side) { return std::max(1, static_cast<int>(side * scale)); };
  for (const auto& [image, labels] : frames)
    smaller.push_back({resize_to_fill(image, scaled(image.width), scaled(image.height)), labels});
  return smaller;
}

double width_of(cairo_t* cairo, const std::string& text) {
  cairo_text_extents_t extents;
  cairo_text_extents(cairo, text.c_str(), &extents);
  return extents.x_advance;
}

/// The text, or as much of its start as fits `room` with an ellipsis, at the font that is set.
std::string ellipsised(cairo_t* cairo, const std::string& text, double room) {
  if (width_of(cairo, text) <= room) return text;
  std::size_t fits = 0, too_long = text.size();
  while (fits + 1 < too_long) {
    const std::size_t middle = (fits + too_long) / 2;
    (width_of(cairo, utf8_prefix(text, middle) + "…") <= room ? fits : too_long) = middle;
  }
  return utf8_prefix(text, fits) + "…";
}

/// Text centred at x, made smaller where it is wider than `room`; or from x on, cut off with an ellipsis.
void draw_text(cairo_t* cairo, const std::string& any_text, double x, double baseline, double size,
               double room, bool bold, bool centred) {
  cairo_select_font_face(cairo, "sans", CAIRO_FONT_SLANT_NORMAL,
                         bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size(cairo, size);
  const std::string whole = utf8_or_latin1(any_text);  // Anything else would stop Cairo for good.
  const std::string text = centred ? whole : ellipsised(cairo, whole, room);
  if (centred && width_of(cairo, text) > room)
    cairo_set_font_size(cairo, size * room / width_of(cairo, text));
  const double grey = bold ? 0.1 : 0.4;
  cairo_set_source_rgb(cairo, grey, grey, grey);
  cairo_move_to(cairo, centred ? x - width_of(cairo, text) / 2 : x, baseline);
  cairo_show_text(cairo, text.c_str());
}

void draw_labels(cairo_t* cairo, const Layout& layout, const StripFrame& frame, double left, double top) {
  for (std::size_t i = 0; i < frame.labels.size(); ++i) {
    const double baseline =
        top + layout.cell_height + (static_cast<double>(i) + 1) * layout.font * kLine - 0.3 * layout.font;
    draw_text(cairo, frame.labels[i], left + layout.cell_width / 2, baseline, layout.font, layout.cell_width,
              i == 0, true);
  }
}

void place(Image& page, const Image& picture, int left, int top) {
  for (int y = 0; y < picture.height; ++y) {
    const auto* from = picture.rgb.data() + 3 * static_cast<std::size_t>(picture.width) * y;
    std::copy_n(from, 3 * static_cast<std::size_t>(picture.width),
                page.rgb.data() + 3 * (static_cast<std::size_t>(page.width) * (top + y) + left));
  }
}

}  // namespace

std::string percent(double position) {
  return fmt::format("{}{:.4g} %", position < 0 ? "−" : "", std::abs(position) * 100);
}

Image draw_strip(const std::string& title, const std::vector<StripFrame>& frames, int columns) {
  const Layout layout = lay_out(title, frames, columns);
  if (const double scale = frames.empty() ? 1 : scale_of(layout); scale < 1)
    return draw_strip(title, fitted(frames, scale), columns);
  const CairoPage drawn(layout.width(), layout.height());
  cairo_t* cairo = drawn.cairo();
  if (!title.empty()) {
    const double size = layout.font * kTitle;
    draw_text(cairo, title, kGap, kGap + size, size, layout.width() - 2 * kGap, true, false);
  }
  const auto corner = [&](std::size_t i) {
    const auto column = static_cast<double>(i % static_cast<std::size_t>(layout.columns)),
               row = static_cast<double>(i / static_cast<std::size_t>(layout.columns));
    return std::pair(kGap + column * (layout.cell_width + kGap),
                     std::round(layout.top + row * layout.row_height()));
  };
  for (std::size_t i = 0; i < frames.size(); ++i)
    draw_labels(cairo, layout, frames[i], corner(i).first, corner(i).second);
  Image page = drawn.image();
  for (std::size_t i = 0; i < frames.size(); ++i)
    place(page, frames[i].image, static_cast<int>(corner(i).first), static_cast<int>(corner(i).second));
  return page;
}

}  // namespace latentdial
