#include "weights/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "weights/test_files.h"

namespace latentdial::detail {
namespace {

using ::testing::HasSubstr;
using testing::refusal;
using testing::TempDir;
using testing::write_file;

std::string refused(const std::filesystem::path& path) {
  return refusal([&] { (void)open_checkpoint(path); });
}

TEST(ModelPath, MustExist) {
  const TempDir dir;
  EXPECT_THAT(
      refused(dir / "none"),
      HasSubstr("none: no such file or folder; a diffusers folder, a .safetensors, a .ckpt or a .gguf"));
  EXPECT_THAT(refused(dir / std::string(5000, 'x')), HasSubstr("cannot be read: "));
}

TEST(ModelPath, MustNotBeAnEmptyFolder) {
  const TempDir dir;
  EXPECT_THAT(
      refused(dir.path()),
      HasSubstr("model_index.json is missing; a diffusers folder, a .safetensors, a .ckpt or a .gguf"));
}

TEST(ModelPath, MustBeAModelFile) {
  const TempDir dir;
  EXPECT_THAT(refused(write_file(dir / "empty.ckpt", "")), HasSubstr("empty.ckpt: is empty (0 bytes)"));
  EXPECT_THAT(refused(write_file(dir / "note.txt", "buy milk\n")), HasSubstr("is a text file"));
  EXPECT_THAT(refused(write_file(dir / "note.safetensors", "buy milk and bread\n")),
              HasSubstr("is a text file; a .safetensors"));
  EXPECT_THAT(refused(write_file(dir / "a.ckpt", std::string("\x7f"
                                                             "ELF\0\1\2",
                                                             7))),
              HasSubstr("neither safetensors, GGUF nor"));
  EXPECT_THAT(refused(write_file(dir / "a.bin", std::string("GGUF\3\0\0\0", 8))),
              HasSubstr("its GGUF header needs 8 bytes"));
  EXPECT_THAT(refused(write_file(dir / "a.zip", std::string("PK\3\4", 4))),
              HasSubstr("has no table of contents"));
  EXPECT_THAT(refused(write_file(dir / "lfs.ckpt", "version https://git-lfs.github.com/spec/v1\n")),
              HasSubstr("git-lfs pointer"));
}

// What a browser, a script or half a download leaves under a model's name.
TEST(ModelPath, IsNamedForWhatItIs) {
  const TempDir dir;
  const auto seems = [&](std::string_view bytes) {
    return refused(write_file(dir / "model.safetensors", std::string(bytes)));
  };
  using namespace std::string_view_literals;
  for (const auto page :
       {"<!DOCTYPE html><html><head>"sv, "\n <html lang=\"en\">"sv, "<!doctype HTML>\n<p>"sv,
        "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code>"sv})
    EXPECT_THAT(seems(page), HasSubstr("is a web page, not the model"));
  EXPECT_THAT(seems(R"({"error": "Invalid credentials"})"), HasSubstr("is a text file"));
  EXPECT_THAT(seems("\x1f\x8b\x08\0\0\0\0\0\0\x03"sv), HasSubstr("a gzip file"));
  EXPECT_THAT(seems("7z\xbc\xaf\x27\x1c\0\x04\0\0"sv), HasSubstr("a 7z file"));
  EXPECT_THAT(seems("Rar!\x1a\x07\x01\0\0\0"sv), HasSubstr("a rar file"));
  EXPECT_THAT(seems("\x89PNG\r\n\x1a\n\0\0\0\rIHDR"sv), HasSubstr("a picture"));
  EXPECT_THAT(seems(std::string(4096, '\0')), HasSubstr("a download that was not finished"));
}

TEST(ModelPath, MustBeARegularFile) {
  const TempDir dir;
  ASSERT_EQ(::mkfifo((dir / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(refused(dir / "pipe"), HasSubstr("is not a regular file"));
}

TEST(ModelPath, IsJudgedByContentNotByEnding) {
  const TempDir dir;
  const auto bytes = testing::safetensors({{"lora_unet_x", testing::f32_tensor({1}, {1})}});
  EXPECT_THAT(refused(write_file(dir / "model.ckpt", bytes)), HasSubstr("seems to be a LoRA"));
}

}  // namespace
}  // namespace latentdial::detail
