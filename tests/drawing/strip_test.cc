// A strip shows its frames as they are, with their labels and the title.

#include "latentdial/strip.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "latentdial/error.h"

namespace latentdial::detail {
namespace {

Image patterned(int width, int height) {
  Image image{width, height,
              std::vector<std::uint8_t>(3u * static_cast<unsigned>(width) * static_cast<unsigned>(height))};
  for (std::size_t i = 0; i < image.rgb.size(); ++i) image.rgb[i] = static_cast<std::uint8_t>(i * 37 + i / 7);
  return image;
}

/// Whether `frame` stands in `sheet` with its corner at (left, top).
bool shows(const Image& sheet, const Image& frame, int left, int top) {
  for (int y = 0; y < frame.height; ++y) {
    for (int i = 0; i < 3 * frame.width; ++i) {
      if (sheet.rgb[static_cast<std::size_t>(3 * (sheet.width * (top + y) + left) + i)] !=
          frame.rgb[static_cast<std::size_t>(3 * frame.width * y + i)])
        return false;
    }
  }
  return true;
}

bool shows_somewhere(const Image& sheet, const Image& frame) {
  for (int y = 0; y + frame.height <= sheet.height; ++y) {
    for (int x = 0; x + frame.width <= sheet.width; ++x) {
      if (shows(sheet, frame, x, y)) return true;
    }
  }
  return false;
}

TEST(Strip, ShowsEveryFrameUnchanged) {
  std::vector<StripFrame> frames;
  for (int i = 0; i < 5; ++i) {
    Image image = patterned(40, 30);
    for (auto& value : image.rgb) value = static_cast<std::uint8_t>(value + 50 * i);
    frames.push_back({image, {"50 %", "θ = 0.50"}});
  }
  for (const int columns : {11, 3, 1}) {
    const Image sheet = draw_strip("“a dog” → “猫”", frames, columns);
    for (const auto& frame : frames) EXPECT_TRUE(shows_somewhere(sheet, frame.image)) << columns;
  }
  EXPECT_GT(draw_strip("", frames, 11).width, 5 * 40);
  EXPECT_LT(draw_strip("", frames, 3).width, 5 * 40);
}

TEST(Strip, LabelsAndTitleAreDrawn) {
  const std::vector<StripFrame> bare = {{patterned(60, 40), {}}}, labelled = {{patterned(60, 40), {"50 %"}}};
  const auto ink = [](const Image& image) {
    return std::count_if(image.rgb.begin(), image.rgb.end(), [](std::uint8_t value) { return value < 128; });
  };
  EXPECT_GT(ink(draw_strip("", labelled)), ink(draw_strip("", bare)));
  EXPECT_GT(ink(draw_strip("Title", bare)), ink(draw_strip("", bare)));
}

/// The page's rows from `top` on.
std::vector<std::uint8_t> rows_from(const Image& page, int top) {
  return {page.rgb.begin() + std::ptrdiff_t{3} * page.width * top, page.rgb.end()};
}

TEST(Strip, ALongTitleIsCutNotShrunk) {
  const std::vector<StripFrame> frames = {{patterned(90, 20), {}}};
  const auto rows_of_ink = [](const Image& page) {
    int rows = 0;
    for (int y = 0; y < 24; ++y) {
      const auto* row = page.rgb.data() + 3 * page.width * y;
      rows += std::any_of(row, row + 3 * page.width, [](std::uint8_t value) { return value < 128; }) ? 1 : 0;
    }
    return rows;
  };
  const Image brief = draw_strip("Hxg", frames), lengthy = draw_strip("Hxg" + std::string(600, 'x'), frames);
  EXPECT_EQ(lengthy.width, brief.width);
  EXPECT_GE(rows_of_ink(lengthy), rows_of_ink(brief));
}

TEST(Strip, ATitleThatIsNoUtf8LeavesTheLabels) {
  const std::vector<StripFrame> frames = {{patterned(60, 40), {"50 %"}}};
  const Image plain = draw_strip("cafe", frames), latin1 = draw_strip("caf\xe9", frames);
  EXPECT_EQ(rows_from(latin1, 30), rows_from(plain, 30));
}

TEST(Strip, FramesThatAreTooLargeForThePageAreMadeSmaller) {
  const std::vector<StripFrame> frames(12, {patterned(3000, 2), {"50 %"}});
  const Image page = draw_strip("a title", frames);
  EXPECT_LE(page.width, 32767);
  EXPECT_GT(page.width, 32000);
  EXPECT_EQ(draw_strip("", frames, 2).width, 2 * 3000 + 3 * 8);
}

TEST(Strip, TooManyFramesForAPageAreOneLine) {
  EXPECT_THROW((void)draw_strip("", std::vector<StripFrame>(5000, {patterned(1, 1), {}}), 5000), Error);
}

TEST(Strip, NoFramesAreAnEmptyPage) {
  EXPECT_GT(draw_strip("", {}).width, 0);
}

}  // namespace
}  // namespace latentdial::detail
