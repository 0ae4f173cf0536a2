// Where positions lie on the way that key pictures tell.

#include "dial/style_path.h"

#include <gtest/gtest.h>

namespace latentdial::detail {
namespace {

TEST(StylePath, APositionIsTheShareOfTheWay) {
  const StylePath path(by_distance({0, 0.5, 1}, {1, 3}));
  EXPECT_DOUBLE_EQ(path.strength_at(0), 0);
  EXPECT_DOUBLE_EQ(path.strength_at(0.25), 0.5) << "a quarter of the way lies before the middle key";
  EXPECT_DOUBLE_EQ(path.strength_at(0.5), 0.5 + 0.5 / 3);
  EXPECT_DOUBLE_EQ(path.strength_at(1), 1);
}

TEST(StylePath, LiesBetweenTheKeysOnEitherSide) {
  const StylePath path(by_distance({0, 0.5, 0.75, 1}, {2, 1, 1}));
  const auto [below, above, share] = path.around(0.6);
  EXPECT_EQ(below, 1);
  EXPECT_EQ(above, 2);
  EXPECT_NEAR(share, 0.4, 1e-12);
  EXPECT_EQ(path.around(0).below, 0);
  EXPECT_EQ(path.around(1).above, 3);
  EXPECT_EQ(path.around(1).share, 1);
}

TEST(StylePath, EndsWhereItsKeysEnd) {
  const StylePath path(by_distance({0, 0.5, 1}, {1, 1}));
  EXPECT_EQ(path.strength_at(-1), 0);
  EXPECT_EQ(path.strength_at(2), 1);
}

TEST(StylePath, OneMoreKeyTellsMostWhereItIsWidest) {
  EXPECT_DOUBLE_EQ(StylePath(by_distance({0, 0.5, 1}, {1, 3})).widest(), 0.75);
  EXPECT_DOUBLE_EQ(StylePath(by_distance({0, 0.5, 1}, {3, 1})).widest(), 0.25);
  EXPECT_DOUBLE_EQ(StylePath(by_distance({0, 0.5, 1}, {1, 1})).widest(), 0.25) << "the first of equals";
}

TEST(StylePath, TheWayAwayFromAStyleIsTheSameWithOtherStrengths) {
  const StylePath path(by_distance({0, -0.5, -1}, {1, 3}));
  EXPECT_DOUBLE_EQ(path.strength_at(0.25), -0.5);
  EXPECT_DOUBLE_EQ(path.widest(), -0.75);
}

TEST(StylePath, GoesOnFromItsFirstKey) {
  const StylePath path({{1, 1}, {1.4, 1.8}});
  EXPECT_EQ(path.strength_at(1), 1);
  EXPECT_DOUBLE_EQ(path.strength_at(1.2), 1.4);
}

TEST(StylePath, WhereNothingChangesTheStrengthsTell) {
  const StylePath path(by_distance({0, 0.5, 1}, {0, 0}));
  EXPECT_DOUBLE_EQ(path.strength_at(0.3), 0.3);
}

TEST(StylePath, AJumpIsPassedAtOnce) {
  const StylePath path(by_distance({0, 0.5, 1}, {0, 4}));
  EXPECT_DOUBLE_EQ(path.strength_at(0), 0.5) << "nothing lies before the middle key";
  EXPECT_DOUBLE_EQ(path.strength_at(0.5), 0.75);
}

}  // namespace
}  // namespace latentdial::detail
