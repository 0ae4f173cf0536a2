// Pictures under way: what is shown, and that looking changes nothing.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <vector>

#include "latentdial/pipeline.h"
#include "pipeline/embedded_pipeline.h"
#include "temp_dir.h"

namespace latentdial::detail {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr int kSteps = 8;

Settings plain(std::uint64_t seed = 11) {
  Settings s;
  s.prompt = "a castle by the lake";
  s.steps = kSteps;
  s.sampler = "ddim";
  s.width = s.height = 64;
  s.seed = seed;
  return s;
}

Settings dialled(double position, const char* method) {
  Settings s = plain();
  s.style = "cyberpunk";
  s.method = method;
  s.position = position;
  return s;
}

/// The pictures of a list on a pipeline that knows none of them, and their previews after every second step.
struct Made {
  explicit Made(const std::vector<Settings>& list, bool look = true) : pictures(list.size()) {
    const auto fresh = Pipeline::load({.model = "", .dtype = "f32", .threads = 2});
    Observer observer;
    if (look) observer.wants_preview = [](const StepProgress& p, std::size_t) { return p.step % 2 == 0; };
    observer.on_preview = [&](Preview preview) { previews.push_back(std::move(preview)); };
    const auto keep = [&](std::size_t i, Picture picture) { pictures[i] = std::move(picture); };
    fresh.generate(requests(list), keep, observer);
  }
  std::vector<Picture> pictures;
  std::vector<Preview> previews;

  [[nodiscard]] std::vector<int> steps_of(std::size_t picture) const {
    std::vector<int> steps;
    for (const auto& preview : previews)
      if (preview.picture == picture) steps.push_back(preview.step);
    return steps;
  }
  /// The latest preview of a picture.
  [[nodiscard]] const Image& last_of(std::size_t picture) const {
    const Image* last = nullptr;
    for (const auto& preview : previews)
      if (preview.picture == picture) last = &preview.image;
    return *last;
  }
};

/// Root mean square difference, in steps of a channel.
double difference(const Image& a, const Image& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.rgb.size(); ++i) sum += std::pow(a.rgb[i] - b.rgb[i], 2);
  return std::sqrt(sum / static_cast<double>(a.rgb.size()));
}

TEST(Preview, ShowsThePictureEverySoManyStepsButTheLast) {
  const Made made({plain()});
  EXPECT_THAT(made.steps_of(0), ElementsAre(2, 4, 6));
  EXPECT_EQ(made.last_of(0).width, 64);
  EXPECT_EQ(made.last_of(0).height, 64);
}

TEST(Preview, ComesNearerToThePictureStepByStep) {
  const Made made({plain()});
  std::vector<double> distances;
  for (const auto& preview : made.previews)
    distances.push_back(difference(preview.image, made.pictures[0].image));
  ASSERT_EQ(distances.size(), 3u);
  EXPECT_GT(distances[0], distances[1]);
  EXPECT_GT(distances[1], distances[2]);
  EXPECT_GT(distances[2], 0);
}

TEST(Preview, ChangesNoPicture) {
  for (const char* sampler : {"pndm", "ddim", "euler", "euler_a", "dpm++2m"}) {
    for (const char* method : {"slerp", "guide", "anchored", "calibrated"}) {
      std::vector<Settings> list = {dialled(0, method), dialled(0.5, method)};
      for (auto& s : list) s.sampler = sampler;
      const Made with(list), without(list, false);
      EXPECT_FALSE(with.previews.empty()) << sampler << " " << method;
      EXPECT_THAT(without.previews, IsEmpty());
      for (std::size_t i = 0; i < list.size(); ++i)
        EXPECT_EQ(with.pictures[i].image.rgb, without.pictures[i].image.rgb) << sampler << " " << method;
    }
  }
}

TEST(Preview, TellsThePicturesOfAListApart) {
  Settings wide = plain(12);
  wide.width = 128;
  const Made made({plain(11), plain(12), wide});
  for (std::size_t i = 0; i < 3; ++i) EXPECT_THAT(made.steps_of(i), ElementsAre(2, 4, 6)) << i;
  EXPECT_EQ(made.last_of(2).width, 128);
  EXPECT_LT(difference(made.last_of(0), made.pictures[0].image),
            difference(made.last_of(0), made.pictures[1].image));
}

TEST(Preview, OfAListIsMadeForThePicturesThatAreWanted) {
  std::vector<std::size_t> shown;
  Observer observer;
  observer.wants_preview = [](const StepProgress& p, std::size_t picture) {
    return p.step == 2 && picture == 1;
  };
  observer.on_preview = [&](const Preview& preview) { shown.push_back(preview.picture); };
  pipeline().generate(
      {plain(21), plain(22), plain(23)}, [](std::size_t, const Picture&) {}, observer);
  EXPECT_THAT(shown, ElementsAre(1));
}

TEST(Preview, BeforeADialActsAllPositionsShowWhatTheyShare) {
  std::vector<Settings> list = {dialled(0.2, "guide"), dialled(1, "guide")};
  for (auto& s : list) s.style_start = 0.5;
  const Made made(list);
  for (std::size_t i = 0; i < 2; ++i) EXPECT_THAT(made.steps_of(i), ElementsAre(2, 4, 6)) << i;
  EXPECT_EQ(made.previews[0].image.rgb, made.previews[1].image.rgb);
  EXPECT_NE(made.last_of(0).rgb, made.last_of(1).rgb);
}

TEST(Preview, OfAnEditedPictureIsTheEditSoFar) {
  const Made made({dialled(0, "anchored"), dialled(0.5, "anchored")});
  EXPECT_THAT(made.steps_of(0), testing::Not(IsEmpty())) << "while the plain picture is made";
  const double begun = difference(made.pictures[0].image, made.pictures[1].image);
  EXPECT_LT(difference(made.last_of(1), made.pictures[1].image), begun);
}

TEST(Preview, OfAPositionBetweenKeyPicturesIsItsOwn) {
  const Made made({dialled(0, "calibrated"), dialled(0.5, "calibrated"), dialled(1, "calibrated")});
  EXPECT_THAT(made.steps_of(0), testing::Not(IsEmpty()));
  EXPECT_THAT(made.steps_of(1), testing::Not(IsEmpty()));
  EXPECT_LT(difference(made.last_of(2), made.pictures[2].image),
            difference(made.pictures[0].image, made.pictures[2].image));
}

TEST(Preview, OfAnInvertedPictureComesOnTheWayBack) {
  const TempDir folder;
  const auto path = folder / "start.png";
  write_png(path, pipeline().generate(plain()).image, "");
  Settings s = plain();
  s.image = path.string();
  s.strength = 1;
  s.invert = true;
  s.seed = 0;
  const Made made({s});
  EXPECT_THAT(made.steps_of(0), ElementsAre(18, 20, 22)) << "after 16 steps of inversion";
}

}  // namespace
}  // namespace latentdial::detail
