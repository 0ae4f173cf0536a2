#include "task/picture_size.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace latentdial::detail {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

ModelInfo model_of(int side) {
  ModelInfo model;
  model.name = "a model";
  model.width = model.height = side;
  return model;
}

Image picture(int width, int height) {
  Image image;
  image.width = width;
  image.height = height;
  image.rgb.resize(static_cast<std::size_t>(3) * width * height);
  return image;
}

std::vector<int> size_of(int width, int height, int side = 512) {
  const PictureSize size = size_like(width, height, model_of(side), 8);
  return {size.width, size.height};
}

std::vector<std::string> notices(const Image& start, int width, int height) {
  Request request;
  request.settings.width = width;
  request.settings.height = height;
  request.images.start = InputImage(start);
  return size_notices(request, model_of(512), 8);
}

TEST(PictureSize, HasTheStartImagesShapeAndTheModelsPixels) {
  EXPECT_THAT(size_of(512, 512), ElementsAre(512, 512));
  EXPECT_THAT(size_of(64, 64), ElementsAre(512, 512));
  EXPECT_THAT(size_of(1000, 700), ElementsAre(608, 432));
  EXPECT_THAT(size_of(700, 1000), ElementsAre(432, 608));
  EXPECT_THAT(size_of(4000, 3000, 128), ElementsAre(144, 112));
}

TEST(PictureSize, OfALongOneTheMiddleIsTaken) {
  EXPECT_THAT(size_of(3000, 10), ElementsAre(888, 296));
  EXPECT_THAT(size_of(1, 3000), ElementsAre(296, 888));
  EXPECT_THAT(size_of(3000, 10, 8), ElementsAre(16, 8));
}

TEST(SizeNotices, SayHowMuchOfTheStartImageIsCutOffAndWhatWouldKeepIt) {
  EXPECT_THAT(
      notices(picture(1000, 700), 512, 512),
      ElementsAre("the start image is 1000x700: at 512x512 30 % of it is cut off; 608x432 has its shape"));
  EXPECT_THAT(notices(picture(700, 1000), 512, 512), ElementsAre(HasSubstr("432x608 has its shape")));
}

TEST(SizeNotices, SayNothingWhereNothingIsMissed) {
  EXPECT_THAT(notices(picture(1000, 700), 608, 432), IsEmpty());
  EXPECT_THAT(notices(picture(1000, 1010), 512, 512), IsEmpty());
  EXPECT_THAT(notices(picture(3000, 10), 888, 296), IsEmpty()) << "no size has its shape";
}

TEST(SizeNotices, SayThatTheModelKnowsNoSuchSize) {
  EXPECT_THAT(notices(picture(512, 512), 1032, 1032),
              ElementsAre(HasSubstr("a model was trained at 512x512")));
  EXPECT_THAT(notices(picture(512, 512), 1024, 1024), IsEmpty());
}

}  // namespace
}  // namespace latentdial::detail
