#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "latentdial/error.h"
#include "latentdial/sweep.h"

namespace latentdial::detail {
namespace {

using testing::ElementsAre;

TEST(Range, IsNValuesFromAToB) {
  EXPECT_THAT(parse_range("0:1:5"), ElementsAre(0, 0.25, 0.5, 0.75, 1));
  EXPECT_THAT(parse_range("0:-0.5:3"), ElementsAre(0, -0.25, -0.5));
  EXPECT_THAT(parse_range("2:2:1"), ElementsAre(2));
}

TEST(Range, HoldsTheNumbersThatPeopleMean) {
  const auto values = parse_range("0:1:11");
  EXPECT_EQ(values[3], 0.3);
  EXPECT_EQ(values[7], 0.7);
}

TEST(Range, ALoneNumberIsOneValue) {
  EXPECT_THAT(parse_range("0.4"), ElementsAre(0.4));
  EXPECT_THAT(parse_range("-1"), ElementsAre(-1));
}

TEST(Range, RefusesEverythingElse) {
  for (const char* text : {"", ":", "0:1", "0:1:0", "0:1:-3", "0:1:2.5", "a:b:c", "0:nan:3", "inf:1:3", "nan",
                           "0:1:3:4", "0:1:999999999", " 1", "1 "}) {
    EXPECT_THROW((void)parse_range(text), Error) << text;
  }
}

}  // namespace
}  // namespace latentdial::detail
