#include <gtest/gtest.h>

#include "embedded_pipeline.h"
#include "latentdial/error.h"
#include "pipeline/scene_features.h"

namespace latentdial::detail {
namespace {

Image picture(const std::string& prompt, std::uint64_t seed) {
  Settings s;
  s.prompt = prompt;
  s.seed = seed;
  s.steps = 8;
  s.guidance_scale = 3.5;
  s.sampler = "dpm++2m";
  return pipeline().generate(s).image;
}

TEST(SceneFeatures, AreNearForOneSceneInAnotherColourAndFarForAnotherScene) {
  const Image castle = picture("a castle by the lake", 1), dog = picture("a dog in the jungle", 1);
  Image pale = castle;
  for (auto& value : pale.rgb) value = static_cast<std::uint8_t>(128 + value / 2);
  const auto seen = scene_features(pipeline(), {{castle, "a castle by the lake"},
                                                {castle, "a castle by the lake"},
                                                {pale, "a castle by the lake"},
                                                {dog, "a dog in the jungle"}});
  EXPECT_NEAR(scene_distance(seen[0], seen[1]), 0, 1e-5);
  EXPECT_LT(scene_distance(seen[0], seen[2]), 0.5 * scene_distance(seen[0], seen[3]));
  EXPECT_NEAR(scene_distance(seen[3], seen[0]), scene_distance(seen[0], seen[3]), 1e-9);
}

TEST(SceneFeatures, StopWhenAskedTo) {
  std::stop_source source;
  source.request_stop();
  const Image grey{.width = 64, .height = 64, .rgb = std::vector<std::uint8_t>(3 * 64 * 64, 128)};
  EXPECT_THROW((void)scene_features(pipeline(), {{grey, "a dog"}}, source.get_token()), Error);
}

}  // namespace
}  // namespace latentdial::detail
