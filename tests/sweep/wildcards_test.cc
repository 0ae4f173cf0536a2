// A prompt with alternatives is each of the prompts that it stands for.

#include "sweep/wildcards.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "latentdial/error.h"
#include "latentdial/sweep.h"
#include "temp_dir.h"

namespace latentdial::detail {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Wildcards : public ::testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories(dir_ / "wildcards");
    std::ofstream(dir_ / name) << text;
  }
  std::vector<std::string> of(const std::string& prompt) { return alternatives_of(prompt, dir_.path()); }
  std::string fault(const std::string& prompt) {
    try {
      (void)of(prompt);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_input);
      return error.what();
    }
    return "";
  }
  TempDir dir_;
};

TEST_F(Wildcards, APromptWithoutAlternativesIsItself) {
  for (const char* prompt :
       {"", "a dog", "a {dog}", "a [dog|cat]", "} a | {", "snake__case", "__", "____", "__a b__"})
    EXPECT_THAT(of(prompt), ElementsAre(prompt));
}

TEST_F(Wildcards, LaterPlacesAreFastest) {
  EXPECT_THAT(of("{a|b} {c|d}"), ElementsAre("a c", "a d", "b c", "b d"));
  EXPECT_THAT(of("a {red |  } bird"), ElementsAre("a red bird", "a  bird"));
  EXPECT_THAT(of("{a|{b|c} d}"), ElementsAre("a", "b d", "c d"));
  EXPECT_THAT(of("{ {a|b"), ElementsAre("{ {a|b"));
  EXPECT_THAT(of("{ {a|b} | c"), ElementsAre("{ a | c", "{ b | c"));
}

TEST_F(Wildcards, LinesOfAFileAreAlternatives) {
  write("wildcards/animal.txt", "dog # of any kind\r\n\n# none\n{old|young} cat\n");
  EXPECT_THAT(of("a __animal__ here"), ElementsAre("a dog here", "a old cat here", "a young cat here"));
}

TEST_F(Wildcards, WhatIsNotThereIsNamed) {
  EXPECT_THAT(fault("__animal__"), HasSubstr("wildcards/animal.txt"));
  write("wildcards/empty.txt", "# nothing\n");
  EXPECT_THAT(fault("__empty__"), HasSubstr("has no lines"));
}

TEST_F(Wildcards, AFileOutsideOfThePlansFolderIsNotRead) {
  const TempDir other;
  std::ofstream(other / "secret.txt") << "secret";
  std::filesystem::create_directories(dir_ / "wildcards");
  std::filesystem::create_symlink(other / "secret.txt", dir_ / "wildcards/link.txt");
  EXPECT_THAT(fault("__link__"), HasSubstr("outside of the plan's folder"));
}

TEST_F(Wildcards, TooManyAreRefused) {
  write("wildcards/self.txt", "__self__\n__self__ a\n");
  EXPECT_THAT(fault("__self__"), HasSubstr("lead back to themselves"));
  std::string many;
  for (int i = 0; i < 17; ++i) many += "{a|b}";
  EXPECT_THAT(fault(many), HasSubstr("more than 100000 prompts"));
  EXPECT_THAT(fault(std::string(70'000, 'a')), HasSubstr("of more than 65536 bytes"));
}

TEST_F(Wildcards, OfAPlanAreItsPictures) {
  write("wildcards/place.txt", "lake\nhill\n");
  write("plan.json", R"({"settings": {"prompt": "{a|b} __place__"}, "grid": {"seed": [1, 2]}})");
  const auto jobs = read_plan(dir_ / "plan.json");
  ASSERT_EQ(jobs.size(), 8);
  EXPECT_EQ(jobs[1].settings.prompt, "a lake");
  EXPECT_EQ(jobs[7].settings.prompt, "b hill");
  write("plan.json", R"({"settings": {"prompt": "{x|y}"}, "grid": {"prompt": ["a {b|c}", "d"]}})");
  const auto others = read_plan(dir_ / "plan.json");
  ASSERT_EQ(others.size(), 3);
  EXPECT_EQ(others[1].settings.prompt, "a c");
}

}  // namespace
}  // namespace latentdial::detail
