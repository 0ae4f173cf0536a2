// Nothing made is lost: a stopped run goes on where it was, and no picture is written over.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stop_token>

#include "latentdial/error.h"
#include "latentdial/image.h"
#include "latentdial/parameters.h"
#include "latentdial/sweep.h"
#include "latentdial/version.h"
#include "pipeline/random_taesd.h"
#include "pipeline/retrained_scenes.h"
#include "sweep/small_jobs.h"

namespace latentdial::detail {
namespace {

namespace fs = std::filesystem;

class RunJobs : public ::testing::Test {
 protected:
  void SetUp() override { fs::remove_all(folder_); }
  void TearDown() override { fs::remove_all(folder_); }

  std::vector<JobResult> run(const std::vector<Job>& list, bool resume) {
    SweepOptions options;
    options.folder = folder_;
    options.resume = resume;
    return run_jobs(pipeline(), list, options);
  }

  std::vector<nlohmann::json> manifest() const {
    std::vector<nlohmann::json> lines;
    std::ifstream file(folder_ / "manifest.jsonl");
    for (std::string line; std::getline(file, line);) lines.push_back(nlohmann::json::parse(line));
    return lines;
  }

  fs::path folder_ = fs::temp_directory_path() / ("latentdial_run_jobs_" + std::to_string(getpid()));
};

TEST_F(RunJobs, WritesEveryPictureAndItsLine) {
  const auto results = run(small_jobs(3), false);
  const auto lines = manifest();
  ASSERT_EQ(lines.size(), 3u);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(lines[i].at("file"), results[i].file);
    EXPECT_EQ(parse_parameters(read_image_parameters(folder_ / results[i].file)), results[i].settings);
  }
}

TEST_F(RunJobs, ResumingMakesOnlyWhatIsMissing) {
  run(small_jobs(3), false);
  fs::remove(folder_ / "picture-1.png");
  const auto results = run(small_jobs(4), true);
  EXPECT_TRUE(results[0].kept);
  EXPECT_FALSE(results[1].kept);
  EXPECT_TRUE(results[2].kept);
  EXPECT_FALSE(results[3].kept);
  EXPECT_EQ(manifest().size(), 4u);
}

TEST_F(RunJobs, ResumingWithATaesdKeepsWhatItDecodedAndNothingElse) {
  const testing::TempDir dir;
  const auto path = testing::write_file(dir / "tiny.safetensors", random_taesd(12)).string();
  const auto tiny = Pipeline::load({.model = "", .taesd = path, .dtype = "", .threads = 2});
  SweepOptions options;
  options.folder = folder_;
  (void)run_jobs(tiny, small_jobs(1), options);
  options.resume = true;
  EXPECT_TRUE(run_jobs(tiny, small_jobs(1), options)[0].kept);
  EXPECT_THROW((void)run_jobs(pipeline(), small_jobs(1), options), Error);
}

TEST_F(RunJobs, ResumingKeepsNoPictureThatOtherWeightsMade) {
  run(small_jobs(1), false);
  const testing::TempDir dir;
  const auto path = retrained_scenes(dir.path(), "unet", 1u << 20).string();
  const auto retrained = Pipeline::load({.model = path, .dtype = "", .threads = 2});
  SweepOptions options;
  options.folder = folder_;
  options.resume = true;
  EXPECT_THAT([&] { (void)run_jobs(retrained, small_jobs(1), options); },
              ::testing::ThrowsMessage<Error>(
                  ::testing::HasSubstr("other weights made (model hash " + pipeline().info().hash)));
}

/// Changes the text of a picture that is there.
void rewrite(const fs::path& path, const std::string& from, const std::string& to) {
  std::string text = read_image_parameters(path);
  ASSERT_NE(text.find(from), std::string::npos) << text;
  write_png(path, read_image(path), text.replace(text.find(from), from.size(), to));
}

TEST_F(RunJobs, ResumingKeepsPicturesOfAnotherVersion) {
  run(small_jobs(2), false);
  rewrite(folder_ / "picture-0.png", kVersion, "0.9.7");
  rewrite(folder_ / "picture-1.png", "Version: ", "A key to come: \"x, y\", Version: ");
  for (const auto& result : run(small_jobs(2), true)) EXPECT_TRUE(result.kept) << result.file;
  rewrite(folder_ / "picture-1.png", "Seed: 1", "Seed: 2");
  EXPECT_THROW(run(small_jobs(2), true), Error);
}

TEST_F(RunJobs, ResumingKeepsNoPictureOfAnotherStartPicture) {
  fs::create_directories(folder_);
  auto list = small_jobs(1);
  list[0].settings.image = (folder_ / "start.png").string();
  const auto write_start = [&](std::uint8_t level) {
    write_png(folder_ / "start.png", {64, 64, std::vector<std::uint8_t>(3 * 64 * 64, level)}, "");
  };
  write_start(50);
  run(list, false);
  EXPECT_TRUE(run(list, true)[0].kept);
  EXPECT_EQ(read_image_parameters(folder_ / "picture-0.png").find(folder_.string()), std::string::npos);
  write_start(90);
  EXPECT_THAT([&] { run(list, true); },
              ::testing::ThrowsMessage<Error>(::testing::HasSubstr("other settings")));
}

TEST_F(RunJobs, AStoppedRunKeepsWhatItMade) {
  std::stop_source stop;
  SweepOptions options;
  options.folder = folder_;
  options.stop = stop.get_token();
  options.on_progress = [&](const SweepProgress& progress) {
    if (progress.picture == 2) stop.request_stop();
  };
  auto list = small_jobs(5);
  for (std::size_t i = 2; i < list.size(); ++i) ++list[i].settings.steps;  // Another batch.
  EXPECT_THROW((void)run_jobs(pipeline(), list, options), Error);
  EXPECT_EQ(manifest().size(), 2u);
  EXPECT_TRUE(fs::exists(folder_ / "picture-1.png"));
  EXPECT_FALSE(fs::exists(folder_ / "picture-2.png"));
}

TEST_F(RunJobs, ALineCutByAPowerLossIsMadeWholeAgain) {
  run(small_jobs(2), false);
  const auto path = folder_ / "manifest.jsonl";
  fs::resize_file(path, fs::file_size(path) - 10);
  run(small_jobs(2), true);
  EXPECT_EQ(manifest().size(), 2u);
}

TEST_F(RunJobs, ResumingRemovesWhatWasHalfWritten) {
  run(small_jobs(2), false);
  const auto own = folder_ / ".picture-1.png.1234-5.tmp", anothers = folder_ / ".other.png.1234-5.tmp",
             merged = folder_ / "picture-0.png.tmp";
  for (const auto& path : {own, anothers, merged}) std::ofstream(path) << "half";
  run(small_jobs(2), true);
  EXPECT_FALSE(fs::exists(own));
  EXPECT_FALSE(fs::exists(merged));
  EXPECT_TRUE(fs::exists(anothers)) << "another shard may be writing it";
}

TEST_F(RunJobs, RefusesAnEarlierRunsFolderAndForeignPictures) {
  run(small_jobs(2), false);
  EXPECT_THROW(run(small_jobs(2), false), Error);
  auto changed = small_jobs(2);
  changed[1].settings.steps = 3;
  EXPECT_THROW(run(changed, true), Error);
  EXPECT_EQ(manifest().size(), 2u);
}

TEST_F(RunJobs, ChecksAllSettingsBeforeTheFirstPicture) {
  auto list = small_jobs(2);
  list[1].settings.steps = 0;
  EXPECT_THROW(run(list, false), Error);
  EXPECT_FALSE(fs::exists(folder_ / "picture-0.png"));
}

TEST_F(RunJobs, AFolderThatCannotBeMadeIsOneLine) {
  std::ofstream(folder_) << "a file in the way";
  EXPECT_THROW(run(small_jobs(1), false), Error);
}

}  // namespace
}  // namespace latentdial::detail
