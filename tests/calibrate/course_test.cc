// How a dial's usual course comes of what its fit saw.

#include "calibrate/course.h"

#include <gtest/gtest.h>

namespace latentdial::detail {
namespace {

using Points = std::vector<DialPoint>;

std::vector<ResponsePoint> seen(double quarter, double half, double most, double full) {
  return {{0.25, quarter}, {0.5, half}, {0.75, most}, {1, full}};
}

TEST(Course, IsWhatTheMeterReads) {
  EXPECT_EQ(course_of(seen(0.1, 0.30049, 0.9, 1.1)),
            (Points{{0, 0}, {0.1, 0.25}, {0.3, 0.5}, {0.9, 0.75}, {1.1, 1}}));
}

TEST(Course, IsLevelledWhereReadingsFall) {
  EXPECT_EQ(course_of(seen(0.1, 0.6, 0.4, 1)),
            (Points{{0, 0}, {0.1, 0.25}, {0.5, 0.5}, {0.51, 0.75}, {1, 1}}));
}

TEST(Course, KeepsItsPointsApart) {
  EXPECT_EQ(course_of(seen(-0.2, -0.1, 0, 0.8)),
            (Points{{0, 0}, {0.01, 0.25}, {0.02, 0.5}, {0.03, 0.75}, {0.8, 1}}));
}

TEST(Course, EndsAtOneWhereNearlyAllShows) {
  EXPECT_EQ(course_of(seen(0.2, 0.4, 0.6, 0.91)).back(), (DialPoint{1, 1}));
  EXPECT_EQ(course_of(seen(0.2, 0.4, 0.6, 0.89)).back(), (DialPoint{0.89, 1}));
}

}  // namespace
}  // namespace latentdial::detail
