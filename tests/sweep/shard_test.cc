// A sweep on several machines is the sweep of one: every picture once, bit for bit.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "latentdial/error.h"
#include "latentdial/image.h"
#include "latentdial/sweep.h"
#include "pipeline/retrained_scenes.h"
#include "sweep/small_jobs.h"

namespace latentdial::detail {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Shard, AllTogetherAreTheWholeListInOrder) {
  for (const int count : {1, 3, 7, 12}) {
    std::vector<std::string> files;
    for (int i = 1; i <= count; ++i) {
      for (const Job& job : jobs_of({i, count}, small_jobs(7))) files.push_back(job.file);
    }
    ASSERT_EQ(files.size(), 7u) << count;
    for (std::size_t k = 0; k < files.size(); ++k) EXPECT_EQ(files[k], small_jobs(7)[k].file) << count;
  }
}

TEST(Shard, IsReadAsIOfN) {
  EXPECT_EQ(parse_shard("3/8").index, 3);
  EXPECT_EQ(parse_shard("3/8").count, 8);
  for (const char* text : {"", "3", "0/8", "9/8", "1/0", "-1/8", "a/b", "3/8/2", "3/ 8"})
    EXPECT_THAT([&] { (void)parse_shard(text); }, ThrowsMessage<Error>(HasSubstr("as in 3/8"))) << text;
  EXPECT_EQ(manifest_name({3, 8}), "manifest-3-of-8.jsonl");
  EXPECT_EQ(manifest_name({1, 1}), "manifest.jsonl");
}

class Merge : public ::testing::Test {
 protected:
  void SetUp() override { fs::create_directories(folder_); }
  void TearDown() override { fs::remove_all(folder_); }

  void make(const std::string& name, const std::vector<Job>& list,
            const std::string& manifest = "manifest.jsonl") const {
    SweepOptions options;
    options.folder = folder_ / name;
    options.manifest = manifest;
    (void)run_jobs(pipeline(), list, options);
  }
  void make_shard(const std::string& name, int index, int count) const {
    make(name, jobs_of({index, count}, small_jobs(5)), manifest_name({index, count}));
  }
  Merged merge(const std::vector<std::string>& names, const std::string& to) const {
    std::vector<fs::path> folders;
    for (const auto& name : names) folders.push_back(folder_ / name);
    return merge_shards(small_jobs(5), folders, folder_ / to);
  }
  /// The pictures that a folder's manifest lists, in its order.
  std::vector<std::string> listed(const std::string& name) const {
    std::vector<std::string> files;
    std::ifstream file(folder_ / name / "manifest.jsonl");
    for (std::string line; std::getline(file, line);) files.push_back(nlohmann::json::parse(line).at("file"));
    return files;
  }

  fs::path folder_ = fs::temp_directory_path() / ("latentdial_shard_" + std::to_string(getpid()));
};

TEST_F(Merge, GivesTheSweepOfOneMachine) {
  make("alone", small_jobs(5));
  make_shard("a", 1, 2);
  make_shard("b", 2, 2);
  const Merged merged = merge({"a", "b"}, "both");
  EXPECT_EQ(merged.pictures, 5);
  EXPECT_EQ(merged.moved, 5);
  EXPECT_EQ(listed("both"), listed("alone"));
  for (const Job& job : small_jobs(5))
    EXPECT_EQ(bytes_of(folder_ / "both" / job.file), bytes_of(folder_ / "alone" / job.file));
  EXPECT_EQ(merge({"a", "b"}, "both").moved, 0) << "again, it changes nothing";
  EXPECT_TRUE(fs::exists(folder_ / "a" / "picture-0.png"));
}

TEST_F(Merge, ShardsMayShareAFolder) {
  for (int i = 1; i <= 3; ++i) make_shard("shared", i, 3);
  EXPECT_EQ(merge({}, "shared").pictures, 5);
  EXPECT_EQ(listed("shared").size(), 5u);
}

TEST_F(Merge, WritesNothingWhileAPictureIsMissing) {
  make_shard("a", 1, 2);
  EXPECT_THAT([&] { merge({"a"}, "both"); },
              ThrowsMessage<Error>(HasSubstr("3 of 5 pictures are missing, the first is picture-2.png")));
  EXPECT_FALSE(fs::exists(folder_ / "both"));
}

TEST_F(Merge, RefusesWhatIsNotWholeOrNotTheSame) {
  make("a", small_jobs(5));
  auto others = small_jobs(5);
  others[4].settings.steps = 3;
  make("b", others);
  EXPECT_THAT(
      [&] {
        merge({"a", "b"}, "both");
      },
      ThrowsMessage<Error>(HasSubstr("different pictures of one name")));
  const auto picture = folder_ / "a" / "picture-3.png";
  fs::resize_file(picture, fs::file_size(picture) - 20);
  EXPECT_THAT([&] { merge({"a"}, "both"); }, ThrowsMessage<Error>(HasSubstr("picture-3.png")));
  fs::copy_file(folder_ / "a" / "picture-2.png", picture, fs::copy_options::overwrite_existing);
  EXPECT_THAT([&] { merge({"a"}, "both"); }, ThrowsMessage<Error>(HasSubstr("not made with the settings")));
  EXPECT_THAT([&] { merge({"none"}, "both"); }, ThrowsMessage<Error>(HasSubstr("cannot be read")));
  EXPECT_FALSE(fs::exists(folder_ / "both"));
}

TEST_F(Merge, RefusesPicturesOfTwoModels) {
  make_shard("a", 1, 2);
  make_shard("b", 2, 2);
  const auto path = folder_ / "b" / manifest_name({2, 2});
  std::string text = bytes_of(path);
  text.replace(text.find("\"scenes\""), 8, "\"others\"");
  std::ofstream(path) << text;
  EXPECT_THAT([&] { merge({"a", "b"}, "both"); }, ThrowsMessage<Error>(HasSubstr("by the model \"scenes\"")));
}

TEST_F(Merge, RefusesPicturesOfTwoTrainings) {
  make_shard("a", 1, 2);
  const testing::TempDir dir;
  const auto path = retrained_scenes(dir.path(), "vae", 1u << 20).string();
  const auto retrained = Pipeline::load({.model = path, .dtype = "", .threads = 2});
  SweepOptions options;
  options.folder = folder_ / "b";
  options.manifest = manifest_name({2, 2});
  (void)run_jobs(retrained, jobs_of({2, 2}, small_jobs(5)), options);
  EXPECT_THAT(
      [&] {
        merge({"a", "b"}, "both");
      },
      ThrowsMessage<Error>(AllOf(HasSubstr("other weights of \"scenes\""), HasSubstr(pipeline().info().hash),
                                 HasSubstr(retrained.info().hash))));
  EXPECT_FALSE(fs::exists(folder_ / "both"));
}

TEST_F(Merge, RefusesPicturesOfTwoStartPictures) {
  const auto start = folder_ / "start.png";
  auto list = small_jobs(5);
  for (Job& job : list) job.settings.image = start.string();
  const auto make_from = [&](const char* name, int index, std::uint8_t level) {
    write_png(start, {64, 64, std::vector<std::uint8_t>(3 * 64 * 64, level)}, "");
    make(name, jobs_of({index, 2}, list), manifest_name({index, 2}));
  };
  make_from("a", 1, 50);
  make_from("b", 2, 50);
  EXPECT_EQ(merge_shards(list, {folder_ / "a", folder_ / "b"}, folder_ / "both").pictures, 5);
  make_from("c", 2, 90);
  EXPECT_THAT(
      [&] {
        (void)merge_shards(list, {folder_ / "a", folder_ / "c"}, folder_ / "all");
      },
      ThrowsMessage<Error>(HasSubstr("two files of the name " + start.string())));
  EXPECT_FALSE(fs::exists(folder_ / "all"));
}

TEST_F(Merge, DoesNotWriteOverAnotherPicture) {
  make("a", small_jobs(5));
  fs::create_directories(folder_ / "both");
  fs::copy_file(folder_ / "a" / "picture-1.png", folder_ / "both" / "picture-0.png");
  EXPECT_THAT([&] { merge({"a"}, "both"); }, ThrowsMessage<Error>(HasSubstr("is another picture")));
}

}  // namespace
}  // namespace latentdial::detail
