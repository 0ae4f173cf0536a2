#include "model/lora_folder.h"

#include <gmock/gmock.h>

#include "weights/test_files.h"

namespace latentdial::detail {
namespace {

namespace fs = std::filesystem;
using testing::TempDir;
using testing::write_file;

TEST(LoraFolder, IsListedAgainWhereAFolderHasChanged) {
  const TempDir dir;
  write_file(dir / "ink.safetensors", "1");
  write_file(dir / "more" / "wash.pt", "22");
  LoraFolder folder((dir / "").string());
  const auto found = folder.find({{"ink", 0.5}, {"wash", 1}}, "prompt");
  EXPECT_EQ(found[0].path, dir / "ink.safetensors");
  EXPECT_EQ(found[0].scale, 0.5);
  EXPECT_EQ(found[1].size, 2u);
  (void)folder.find({{"wash", 1}}, "loras");
  EXPECT_EQ(folder.listings(), 1);
  write_file(dir / "more" / "oil.bin", "333");
  const auto later = fs::last_write_time(dir / "more") + std::chrono::seconds(2);
  fs::last_write_time(dir / "more", later);
  EXPECT_EQ(folder.find({{"oil", 1}}, "prompt").front().size, 3u);
  EXPECT_EQ(folder.listings(), 2);
  (void)folder.find({}, "prompt");
  EXPECT_EQ(folder.listings(), 2);
}

TEST(LoraFolder, AFileThatIsWrittenAnewIsAnother) {
  const TempDir dir;
  const auto path = write_file(dir / "ink.safetensors", "1");
  LoraFolder folder((dir / "").string());
  const LoraUse before = folder.find({{"ink", 1}}, "prompt").front();
  EXPECT_EQ(folder.find({{"ink", 1}}, "loras").front(), before) << "whatever names it";
  write_file(path, "22");
  EXPECT_NE(folder.find({{"ink", 1}}, "prompt").front(), before);
}

TEST(LoraFolder, NamesWhatIsThereAsTheSettingHasIt) {
  const TempDir dir;
  write_file(dir / "ink.safetensors", "1");
  write_file(dir / "text.txt", "1");
  LoraFolder folder((dir / "").string()), none("");
  const auto refusal = [](LoraFolder& of, const char* field) {
    return testing::refusal([&] { (void)of.find({{"oil", 1}}, field); });
  };
  EXPECT_EQ(refusal(folder, "prompt"), "prompt: there is no <lora:oil>; the folder of LoRAs has ink");
  EXPECT_EQ(refusal(folder, "style"), "style: there is no lora:oil; the folder of LoRAs has ink");
  EXPECT_EQ(refusal(folder, "loras"), "loras: there is no oil; the folder of LoRAs has ink");
  EXPECT_THAT(refusal(none, "style"), ::testing::HasSubstr("lora:oil is looked for in a folder of LoRAs"));
}

}  // namespace
}  // namespace latentdial::detail
