// Every kind of picture is read as Pillow reads it; every damage is one line.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>

#include "latentdial/error.h"
#include "latentdial/image.h"

namespace latentdial::detail {
namespace {

namespace fs = std::filesystem;

const fs::path kGolden = fs::path(LATENTDIAL_GOLDEN_DIR) / "image";

std::vector<std::uint8_t> bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

int largest_difference(const std::vector<std::uint8_t>& a, const std::vector<std::uint8_t>& b) {
  if (a.size() != b.size()) return 256;
  int largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

std::vector<std::string> pictures() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kGolden)) {
    const auto kind = entry.path().extension();
    if (kind == ".png" || kind == ".jpg" || kind == ".webp")
      names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class EveryPicture : public testing::TestWithParam<std::string> {
 protected:
  void TearDown() override { fs::remove(scratch_); }

  /// Reads bytes as a file: a picture or invalid_input, nothing else.
  void read_damaged(const std::vector<std::uint8_t>& bytes) const {
    std::ofstream(scratch_, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    try {
      const Image image = read_image(scratch_);
      EXPECT_EQ(image.rgb.size(),
                3u * static_cast<unsigned>(image.width) * static_cast<unsigned>(image.height));
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_input);
      EXPECT_THAT(error.what(), testing::Not(testing::HasSubstr("\n")));
    }
  }

  fs::path scratch_ = fs::temp_directory_path() / ("latentdial_read_" + std::to_string(getpid()));
};

TEST_P(EveryPicture, IsReadAsPillowReadsIt) {
  if (GetParam() == "big.png") GTEST_SKIP() << "has no golden";
  const Image image = read_image(kGolden / GetParam());
  // The JPEG and WebP libraries may round differently by version.
  const int tolerance = GetParam().ends_with(".png") ? 0 : 2;
  EXPECT_LE(largest_difference(image.rgb, bytes_of(kGolden / (GetParam() + ".rgb"))), tolerance);
}

TEST_P(EveryPicture, EveryTruncationIsOneLine) {
  const auto bytes = bytes_of(kGolden / GetParam());
  for (std::size_t size = 0; size < bytes.size(); size += 1 + bytes.size() / 400) {
    read_damaged({bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)});
  }
}

TEST_P(EveryPicture, EveryFlippedByteIsAPictureOrOneLine) {
  const auto bytes = bytes_of(kGolden / GetParam());
  std::mt19937 random(1);
  for (int i = 0; i < 300; ++i) {
    auto damaged = bytes;
    damaged[random() % damaged.size()] = static_cast<std::uint8_t>(random());
    read_damaged(damaged);
  }
}

INSTANTIATE_TEST_SUITE_P(Golden, EveryPicture, testing::ValuesIn(pictures()), [](const auto& param) {
  std::string name = param.param;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
  return name;
});

TEST(ReadImage, APngChunkLongerThanTheFileGetsNoMemory) {
  auto bytes = bytes_of(kGolden / "rgb.png");
  bytes[33] = 0x7f;  // The length of the first chunk after the header.
  try {
    (void)decode_image(bytes, "x.png");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("x.png is a damaged PNG: a chunk of 21"));
  }
}

TEST(ReadImage, WhatFollowsAPngIsLeftAlone) {
  auto bytes = bytes_of(kGolden / "rgb.png");
  const Image image = decode_image(bytes, "x.png");
  bytes.insert(bytes.end(), 40, 0xff);
  EXPECT_EQ(decode_image(bytes, "x.png").rgb, image.rgb);
}

TEST(ReadImage, NamesWhatIsNoPicture) {
  EXPECT_THROW((void)read_image("/no/such.png"), Error);
  EXPECT_THROW((void)read_image(fs::temp_directory_path()), Error);
  EXPECT_THROW((void)read_image(kGolden / "make.py"), Error);
  EXPECT_THROW((void)read_image("/dev/null"), Error);
}

TEST(ReadParameters, FindTheTextOfOtherPrograms) {
  EXPECT_EQ(read_image_parameters(kGolden / "rgb.png"), "a dog\nSteps: 20");
  EXPECT_EQ(read_image_parameters(kGolden / "itxt.png"), "猫 θ");
  EXPECT_EQ(read_image_parameters(kGolden / "grey.png"), "");
  EXPECT_EQ(read_image_parameters(kGolden / "rgb.jpg"), "");
  EXPECT_THROW((void)read_image_parameters(kGolden / "make.py"), Error);
}

TEST(ReadParameters, StandInTheExifOfEveryFormat) {
  const std::string settings =
      "a café, 猫 🐕\nNegative prompt: bad\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 5, Size: 64x64";
  for (const std::string name : {"be.jpg", "le.jpg", "bom.jpg", "utf8.jpg", "ascii.jpg", "be.webp", "le.webp",
                                 "bom.webp", "utf8.webp", "ascii.webp", "be.png"})
    EXPECT_EQ(read_image_parameters(kGolden / ("comment_" + name)), settings) << name;
}

TEST(ReadParameters, AreUtf8WhereThePngHasLatin1) {
  EXPECT_EQ(read_image_parameters(kGolden / "latin1.png"), "café, naïve");
}

TEST(Resize, IsPillowsLanczosFit) {
  const Image big = read_image(kGolden / "big.png");
  for (const auto& [width, height] : {std::pair{16, 16}, {40, 24}, {8, 40}, {80, 80}}) {
    const Image fitted = resize_to_fill(big, width, height);
    const auto golden =
        bytes_of(kGolden / ("fill-" + std::to_string(width) + "x" + std::to_string(height) + ".rgb"));
    EXPECT_LE(largest_difference(fitted.rgb, golden), 1) << width << "x" << height;
  }
}

TEST(Resize, LeavesTheRightSizeAlone) {
  const Image big = read_image(kGolden / "big.png");
  EXPECT_EQ(resize_to_fill(big, big.width, big.height).rgb, big.rgb);
}

}  // namespace
}  // namespace latentdial::detail
