#include "dial/style_words.h"

#include <gtest/gtest.h>

namespace latentdial::detail {
namespace {

TEST(WithoutStyle, TakesTheWordsAndTheirComma) {
  EXPECT_EQ(without_style("a temple, Monet style", "Monet style"), "a temple");
  EXPECT_EQ(without_style("temple hidden in the jungle Monet style", "monet style"),
            "temple hidden in the jungle");
  EXPECT_EQ(without_style("Cyberpunk, a city at night", "cyberpunk"), "a city at night");
  EXPECT_EQ(without_style("doomsday pyramid cyberpunk alien invasion", "cyberpunk"),
            "doomsday pyramid alien invasion");
}

TEST(StyleWords, StandAroundThePrompt) {
  const std::string prompt = "a temple";
  for (const auto words : ways_to_say_it()) {
    const std::string styled = joined(prompt, around_prompt(words, "Monet style"));
    EXPECT_NE(styled.find("Monet style"), std::string::npos) << words;
    EXPECT_NE(styled.find(prompt), std::string::npos) << words;
  }
  EXPECT_EQ(joined(prompt, around_prompt("{style} {prompt}", "Monet style")), "Monet style a temple");
  EXPECT_EQ(joined("", around_prompt("{prompt}, {style}", "Monet style")), "Monet style");
  EXPECT_EQ(joined("", around_prompt("{style} {prompt}", "Monet style")), "Monet style");
}

TEST(WithoutStyle, LeavesPromptsThatDoNotNameIt) {
  EXPECT_EQ(without_style("a temple", "Monet style"), std::nullopt);
  EXPECT_EQ(without_style("a sketchbook", "sketch"), std::nullopt) << "a part of a word";
  EXPECT_EQ(without_style("sketch", "sketch"), std::nullopt) << "nothing would be left";
  EXPECT_EQ(without_style("a temple", ""), std::nullopt);
}

}  // namespace
}  // namespace latentdial::detail
