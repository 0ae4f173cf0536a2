#include "calibrate/monotone.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace latentdial {
namespace {

using testing::ElementsAre;

TEST(Isotonic, PoolsWhatFalls) {
  EXPECT_THAT(isotonic({1, 3, 2, 4}), ElementsAre(1, 2.5, 2.5, 4));
  EXPECT_THAT(isotonic({3, 2, 1}), ElementsAre(2, 2, 2));
  EXPECT_THAT(isotonic({0, 1, 2}), ElementsAre(0, 1, 2));
}

TEST(Inverse, WalksThePolylineBackwards) {
  EXPECT_EQ(inverse({0, 1, 3}, {0, 0.5, 1}, 0.25), 0.5);
  EXPECT_EQ(inverse({0, 1, 3}, {0, 0.5, 1}, 0.75), 2);
  EXPECT_EQ(inverse({0, 1, 3}, {0, 0.5, 1}, 0), 0);
  EXPECT_EQ(inverse({0, 1, 3}, {0, 0.5, 1}, 2), 3) << "held at the end";
}

TEST(Inverse, OfAFlatPartIsItsBeginning) {
  EXPECT_EQ(inverse({0, 1, 2, 3}, {0, 0.5, 0.5, 1}, 0.5), 1);
}

}  // namespace
}  // namespace latentdial
