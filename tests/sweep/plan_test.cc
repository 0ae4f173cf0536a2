// A plan is every combination of its grid, or one line saying what is wrong with it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "latentdial/error.h"
#include "latentdial/sweep.h"

namespace latentdial::detail {
namespace {

using testing::HasSubstr;
using testing::Not;

std::filesystem::path written(const std::string& text) {
  const auto path =
      std::filesystem::temp_directory_path() / ("latentdial_plan_" + std::to_string(getpid()) + ".json");
  std::ofstream(path) << text;
  return path;
}

std::string fault(const std::string& text) {
  try {
    (void)read_plan(written(text));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_input);
    return error.what();
  }
  return "";
}

TEST(Plan, IsEveryCombinationLaterKeysFastest) {
  const auto jobs = read_plan(written(R"({"settings": {"steps": 20, "style": "sketch"},
      "grid": {"prompt": ["a dog", "a cat"], "seed": [1, 2, 3], "position": "0:1:3"}})"));
  ASSERT_EQ(jobs.size(), 18u);
  EXPECT_EQ(jobs[0].settings.prompt, "a dog");
  EXPECT_EQ(jobs[1].settings.position, 0.5);
  EXPECT_EQ(jobs[3].settings.seed, 2u);
  EXPECT_EQ(jobs[17].settings.prompt, "a cat");
  EXPECT_EQ(jobs[17].settings.steps, 20);
}

TEST(Plan, NamesFilesByOrderAndSettings) {
  const auto jobs =
      read_plan(written(R"([{"settings": {"prompt": "a dog"}}, {"settings": {"prompt": "a cat"}}])"));
  ASSERT_EQ(jobs.size(), 2u);
  EXPECT_THAT(jobs[0].file, testing::MatchesRegex("00000-[0-9a-f]{8}\\.png"));
  EXPECT_THAT(jobs[1].file, testing::MatchesRegex("00001-[0-9a-f]{8}\\.png"));
  EXPECT_NE(jobs[0].file.substr(5), jobs[1].file.substr(5));
}

TEST(Plan, MayHaveThousandsOfSections) {
  std::string text = "[{}";
  for (int i = 0; i < 15'000; ++i)
    text += R"(, {"settings": {"steps": 15, "guidance_scale": 3.5, "sampler": "ddim"}, "grid": {"seed": [)" +
            std::to_string(i) + "]}}";
  EXPECT_EQ(read_plan(written(text + "]")).size(), 15'001u);
}

TEST(Plan, KeepsItsNamesWhenAVersionKnowsMoreSettings) {
  Settings settings;
  settings.prompt = "a dog";
  EXPECT_EQ(settings_id({settings}), "07cc23c7");  // FNV-1a of {"prompt":"a dog"}.
}

TEST(Plan, NamesAPictureByItsSettingsWhicheverKeyTheyComeFrom) {
  const auto jobs = read_plan(written(R"({"settings": {"seed": 5, "prompt": "a dog", "steps": 20},
      "grid": {"seed": [0, 1], "style": ["", "sketch"], "plain_prompt": [true, false]}})"));
  ASSERT_EQ(jobs.size(), 8u);
  EXPECT_EQ(jobs[0].settings.seed, 0u) << "the grid's";
  for (const Job& job : jobs) EXPECT_THAT(job.file, HasSubstr(settings_id({job.settings})));
}

TEST(Plan, SaysWhatIsWrong) {
  EXPECT_THAT(
      fault("not json"),
      HasSubstr("not valid JSON (at byte 2); a plan is as in {\"settings\": {\"prompt\": \"a dog\"}}"));
  EXPECT_THAT(fault("not json"), Not(HasSubstr("json.exception")));
  EXPECT_THAT(fault("{\n \"settings\": {\n  \"seed\": 1,\n }\n}"), HasSubstr("on line 4)"));
  EXPECT_THAT(fault(R"({"settings": {"cfg": 3}})"), HasSubstr("did you mean \"guidance_scale\"?"));
  EXPECT_THAT(fault(R"({"grid": {"at": "0:1:3"}})"),
              HasSubstr("\"at\" is unknown; did you mean \"position\"?"));
  EXPECT_THAT(fault(R"({"setings": {}})"), HasSubstr("\"setings\" is unknown"));
  EXPECT_THAT(fault(R"({"settings": {"promt": "a dog"}})"), HasSubstr("\"promt\" is unknown"));
  EXPECT_THAT(fault(R"({"grid": {"prompt": "a dog"}})"), HasSubstr("\"prompt\""));
  EXPECT_THAT(fault(R"({"grid": {"seed": "0:1:4"}})"), HasSubstr("whole numbers"));
  EXPECT_THAT(fault(R"({"grid": {"seed": "0:1e300:2"}})"), HasSubstr("whole numbers"));
  EXPECT_THAT(fault(R"({"grid": {"seed": "0:99999:100000", "steps": "1:100000:100000"}})"),
              HasSubstr("more than"));
  EXPECT_THAT(fault("[]"), HasSubstr("object"));
  EXPECT_THAT(fault("3"), HasSubstr("object"));
  EXPECT_THROW((void)read_plan("/no/such/plan.json"), Error);
  EXPECT_THROW((void)read_plan(std::filesystem::temp_directory_path()), Error);
}

}  // namespace
}  // namespace latentdial::detail
