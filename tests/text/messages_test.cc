#include "latentdial/messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "latentdial/error.h"

namespace latentdial {
namespace {

TEST(Messages, EveryPlaceIsReplaced) {
  const auto replaced = [](std::string text, const char* from, const char* to) {
    replace_all(text, from, to);
    return text;
  };
  EXPECT_EQ(replaced("/a/b and /a/c", "/a/", ""), "b and c");
  EXPECT_EQ(replaced("aa", "a", "aa"), "aaaa");
  EXPECT_EQ(replaced("a dog", "", "x"), "a dog");
}

TEST(Messages, ManyNamesAreCutShort) {
  EXPECT_EQ(some_names({}), "");
  EXPECT_EQ(some_names({"a", "b\nc"}), "a, " + single_line("b\nc"));
  std::vector<std::string> many(23, "a");
  many.front() = "first";
  EXPECT_EQ(some_names(many).substr(0, 8), "first, a");
  EXPECT_THAT(some_names(many), ::testing::EndsWith(", a and 3 more"));
}

}  // namespace
}  // namespace latentdial
