#include "mended.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <numeric>
#include <string>
#include <utility>

#include "latentdial/strip.h"
#include "strip.h"

namespace latentdial::cli {
namespace {

constexpr int kBy = 4;
constexpr int kSigmas = 64;  ///< In a picture's width.

std::uint8_t* pixel(Image& image, int x, int y) {
  return image.rgb.data() + 3 * (std::size_t{1} * y * image.width + x);
}
const std::uint8_t* pixel(const Image& image, int x, int y) {
  return image.rgb.data() + 3 * (std::size_t{1} * y * image.width + x);
}

/// A picture of this size whose every value is value(x, y, channel), 0 to 255.
template <class Value>
Image picture_of(int width, int height, Value value) {
  Image image{width, height, std::vector<std::uint8_t>(std::size_t{3} * width * height)};
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < 3; ++c)
        pixel(image, x, y)[c] = static_cast<std::uint8_t>(std::lround(value(x, y, c)));
  return image;
}

/// Tells which pixels of a picture are drawn anew.
using Part = bool (*)(const Image& image, int x, int y);

/// Where what the words name stands.
bool is_middle(const Image& image, int x, int y) {
  return std::abs(2 * x - image.width) < 0.6 * image.width &&
         std::abs(2 * y - 1.15 * image.height) < 0.7 * image.height;
}

bool is_ground(const Image& image, int /*x*/, int y) {
  return 8 * y >= 5 * image.height;
}

Image mask_of(Part part, const Image& whole) {
  return picture_of(whole.width, whole.height,
                    [&](int x, int y, int) { return part(whole, x, y) ? 255 : 0; });
}

/// To be looked at: the mask tells the model.
Image without_middle(const Image& whole) {
  return picture_of(whole.width, whole.height, [&](int x, int y, int c) {
    return is_middle(whole, x, y) ? 128 : pixel(whole, x, y)[c];
  });
}

Image as_it_is(const Image& whole) {
  return whole;
}

Image without_colours(const Image& whole) {
  return picture_of(whole.width, whole.height, [&](int x, int y, int) {
    const std::uint8_t* rgb = pixel(whole, x, y);
    return 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
  });
}

/// By a Gaussian along one axis, the edge repeated beyond it.
Image blurred_along(const Image& image, double sigma, int dx, int dy) {
  const int reach = static_cast<int>(std::ceil(3 * sigma));
  return picture_of(image.width, image.height, [&](int x, int y, int c) {
    double sum = 0, weights = 0;
    for (int d = -reach; d <= reach; ++d) {
      const double weight = std::exp(-0.5 * d * d / (sigma * sigma));
      weights += weight;
      sum += weight * pixel(image, std::clamp(x + d * dx, 0, image.width - 1),
                            std::clamp(y + d * dy, 0, image.height - 1))[c];
    }
    return sum / weights;
  });
}

double sigma_for(const Image& whole) {
  return static_cast<double>(whole.width) / kSigmas;
}

Image without_sharpness(const Image& whole) {
  return blurred_along(blurred_along(whole, sigma_for(whole), 1, 0), sigma_for(whole), 0, 1);
}

/// The means of squares.
Image without_size(const Image& whole) {
  return picture_of(whole.width / kBy, whole.height / kBy, [&](int x, int y, int c) {
    int sum = 0;
    for (int i = 0; i < kBy * kBy; ++i) sum += pixel(whole, kBy * x + i % kBy, kBy * y + i / kBy)[c];
    return static_cast<double>(sum) / (kBy * kBy);
  });
}

/// A picture, what is left of it, and how it is made good.
struct Example {
  const char* name;
  const char* drawn;  ///< The words of the whole picture.
  const char* asked;  ///< Those of what is made of it.
  Image (*left)(const Image& whole);
  void (*ask)(Settings& settings, const Image& whole);
  Part part = nullptr;  ///< Where the whole picture is drawn anew; none: what is left is made good as it is.
};

constexpr Example kExamples[] = {
    {"inpaint", "a dog in the meadow", "a cat in the meadow", without_middle, [](Settings&, const Image&) {},
     is_middle},
    {"outpaint", "a castle by the lake", "a castle by the lake", as_it_is,
     [](Settings& s, const Image& whole) { s.extend_left = s.extend_right = whole.width / 4; }},
    {"colorize", "a temple in the jungle", "a temple in the jungle", without_colours,
     [](Settings& s, const Image&) { s.restore = "colorize"; }},
    {"deblur", "a pyramid in the desert", "a pyramid in the desert", without_sharpness,
     [](Settings& s, const Image& whole) {
       s.restore = "deblur";
       s.blur_sigma = sigma_for(whole);
       s.strength = 0.5;
     }},
    {"upscale", "a house on the beach", "a house on the beach", without_size,
     [](Settings& s, const Image&) {
       s.restore = "upscale";
       s.upscale_by = kBy;
       s.strength = 0.5;
     }},
};
constexpr double kOnDial[] = {0, 0.25, 0.5, 0.75, 1};
constexpr const char* kStyleOfGround = "in bloom";

/// Writes a picture, and tells where.
std::string kept(const std::filesystem::path& path, const Image& image) {
  std::filesystem::create_directories(path.parent_path());
  write_png(path, image, "");
  return path.string();
}

/// Draws a part of a picture anew, at its size.
void redraw(Settings& settings, Part part, const Image& whole, const std::filesystem::path& mask) {
  settings.mask = kept(mask, mask_of(part, whole));
  settings.strength = 1;
  settings.width = whole.width;
  settings.height = whole.height;
}

/// The whole pictures, one for each example.
Strip wholes(const Settings& settings) {
  Strip strip{.folder = "", .title = "Pictures to be mended", .frames = {}, .labels = {}};
  for (const Example& example : kExamples) {
    Settings frame = settings;
    frame.prompt = example.drawn;
    strip.frames.push_back(frame);
    strip.labels.push_back({example.name});
  }
  return strip;
}

Strip mended(const Example& example, Settings settings, const Image& whole,
             const std::filesystem::path& folder) {
  const auto file = [&](const char* kind) { return folder / fmt::format("{}-{}.png", example.name, kind); };
  settings.prompt = example.asked;
  settings.image = kept(file("given"), example.part != nullptr ? whole : example.left(whole));
  settings.width = settings.height = 0;
  example.ask(settings, whole);
  if (example.part != nullptr) redraw(settings, example.part, whole, file("mask"));
  return {.folder = example.name,
          .title = fmt::format("latentdial {}: “{}”", example.name, example.asked),
          .frames = {settings},
          .labels = {{"made of it"}}};
}

/// A style in a part alone, which is drawn anew at every position.
Strip turned_in_part(const Example& example, Settings settings, const Image& whole,
                     const std::filesystem::path& folder) {
  settings.prompt = example.drawn;
  settings.image = kept(folder / "dial-given.png", whole);
  settings.style = kStyleOfGround;
  redraw(settings, is_ground, whole, folder / "dial-mask.png");
  Strip strip = dial_strip(settings, {std::begin(kOnDial), std::end(kOnDial)});
  strip.folder = "dial";
  strip.title = fmt::format("latentdial dial --mask: “{}” + “{}” below", example.drawn, kStyleOfGround);
  return strip;
}

/// The whole picture, what is left of it, and what was made of that.
Image sheet_of(const Example& example, const std::string& title, const Image& whole, const Image& made) {
  return draw_strip(title, {{whole, {"drawn"}}, {example.left(whole), {"given"}}, {made, {"made of it"}}});
}

}  // namespace

std::vector<Image> make_mended(const Pipeline& pipeline, const Settings& settings,
                               const std::filesystem::path& folder, const OutputOptions& output) {
  (void)make_strips(pipeline, {wholes(settings)}, folder / "whole", output);
  std::vector<Image> drawn;
  std::vector<Strip> strips;
  for (std::size_t i = 0; i < std::size(kExamples); ++i) {
    drawn.push_back(read_image(folder / "whole" / frame_name(i)));
    strips.push_back(mended(kExamples[i], settings, drawn[i], folder));
  }
  strips.push_back(turned_in_part(kExamples[0], settings, drawn.front(), folder));
  std::vector<Image> sheets = make_strips(pipeline, strips, folder, output);
  for (std::size_t i = 0; i < std::size(kExamples); ++i) {
    const Image made = read_image(folder / strips[i].folder / frame_name(0));
    sheets[i] = sheet_of(kExamples[i], strips[i].title, drawn[i], made);
  }
  return sheets;
}

}  // namespace latentdial::cli
