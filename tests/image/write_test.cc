// A picture is written whole or not at all, and its text comes back as it was.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "latentdial/error.h"
#include "latentdial/image.h"

namespace latentdial::detail {
namespace {

namespace fs = std::filesystem;

Image patterned(int width, int height) {
  Image image{width, height,
              std::vector<std::uint8_t>(3u * static_cast<unsigned>(width) * static_cast<unsigned>(height))};
  for (std::size_t i = 0; i < image.rgb.size(); ++i) image.rgb[i] = static_cast<std::uint8_t>(i * 37 + i / 7);
  return image;
}

class WritePng : public testing::Test {
 protected:
  void SetUp() override { fs::create_directory(folder_); }
  void TearDown() override { fs::remove_all(folder_); }
  [[nodiscard]] std::ptrdiff_t files() const { return std::distance(fs::directory_iterator(folder_), {}); }

  fs::path folder_ = fs::temp_directory_path() / ("latentdial_write_" + std::to_string(getpid()));
  fs::path path_ = folder_ / "picture.png";
};

TEST_F(WritePng, PixelsAndTextComeBack) {
  for (const std::string& text : {std::string("a dog\nSteps: 20"), std::string("θ, 猫, 🐕\ttab"),
                                  std::string(10000, 'x'), std::string()}) {
    const Image image = patterned(33, 17);
    write_png(path_, image, text);
    EXPECT_EQ(read_image(path_).rgb, image.rgb);
    EXPECT_EQ(read_image_parameters(path_), text);
  }
  EXPECT_EQ(files(), 1);
}

Image smooth(int width, int height) {
  Image image = patterned(width, height);
  for (std::size_t i = 0; i < image.rgb.size(); ++i)
    image.rgb[i] = static_cast<std::uint8_t>(i / 3 % static_cast<unsigned>(width) * 4 + i % 3 * 20);
  return image;
}

int largest_difference(const Image& a, const Image& b) {
  EXPECT_EQ(a.rgb.size(), b.rgb.size());
  int largest = 0;
  for (std::size_t i = 0; i < std::min(a.rgb.size(), b.rgb.size()); ++i)
    largest = std::max(largest, std::abs(a.rgb[i] - b.rgb[i]));
  return largest;
}

class EncodePicture : public testing::TestWithParam<decltype(&encode_jpeg)> {};
INSTANTIATE_TEST_SUITE_P(Formats, EncodePicture, testing::Values(&encode_jpeg, &encode_webp));

TEST_P(EncodePicture, PixelsAndTextComeBack) {
  for (const std::string& text : {std::string("a dog\nSteps: 20"), std::string("θ, 猫, 🐕\ttab"),
                                  std::string(10000, 'x'), std::string()}) {
    const Image image = smooth(33, 17);
    const auto bytes = GetParam()(image, text, 95);
    EXPECT_LE(largest_difference(decode_image(bytes, "it"), image), 16);
    EXPECT_EQ(image_parameters(bytes, "it"), text);
  }
}

TEST_P(EncodePicture, LessQualityIsSmallerAndFurtherOff) {
  const Image image = patterned(64, 64);
  const auto good = GetParam()(image, "", 100), bad = GetParam()(image, "", 0);
  EXPECT_LT(bad.size(), good.size() / 2);
  EXPECT_GT(largest_difference(decode_image(bad, "it"), image),
            largest_difference(decode_image(good, "it"), image));
}

TEST_P(EncodePicture, ATextThatIsTooLongLeavesThePictureWhole) {
  const Image image = smooth(16, 16);
  const auto bytes = GetParam()(image, std::string(100'000, 'x'), 95);
  EXPECT_LE(largest_difference(decode_image(bytes, "it"), image), 16);
}

TEST_F(WritePng, AFolderThatIsMissingIsOneLine) {
  try {
    write_png(folder_ / "none" / "picture.png", patterned(8, 8), "");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::io);
    EXPECT_THAT(error.what(), testing::HasSubstr("No such file"));
  }
}

TEST_F(WritePng, AFullDiskLeavesTheEarlierPicture) {
  write_png(path_, patterned(8, 8), "earlier");
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{2000, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  EXPECT_THROW(write_png(path_, patterned(200, 200), std::string(5000, 'x')), Error);
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(read_image_parameters(path_), "earlier");
  EXPECT_EQ(files(), 1);
}

TEST_F(WritePng, WhatIsNoRegularFileIsLeftAlone) {
  fs::create_directory(path_);
  const fs::path pipe = folder_ / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  for (const fs::path& path : {path_, pipe}) {
    try {
      write_png(path, patterned(8, 8), "");
      ADD_FAILURE() << path;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::io);
      EXPECT_THAT(error.what(), testing::HasSubstr("no regular file"));
    }
  }
  EXPECT_TRUE(fs::is_fifo(pipe));
  EXPECT_EQ(files(), 2);
}

}  // namespace
}  // namespace latentdial::detail
