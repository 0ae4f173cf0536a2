// Pictures that are enlarged and drawn a second time: each way equals what it stands for, to the bit.

#include <gtest/gtest.h>

#include <cmath>
#include <stop_token>
#include <string>

#include "latentdial/upscaler.h"
#include "pipeline/embedded_pipeline.h"

namespace latentdial::detail {
namespace {

const std::string kNetwork = LATENTDIAL_GOLDEN_DIR "/models/upscalers/rrdb.pth";

Settings castle() {
  Settings s;
  s.prompt = "a castle by the lake";
  s.seed = 5;
  s.steps = 6;
  s.width = s.height = 64;
  return s;
}

Settings twice(const std::string& with) {
  Settings s = castle();
  s.hires = 2;
  s.hires_with = with;
  s.hires_strength = 0.5;
  return s;
}

/// The second pass as a picture of its own.
Image drawn_from(const Image& enlarged, double strength) {
  Request request = castle();
  request.settings.width = enlarged.width;
  request.settings.height = enlarged.height;
  request.settings.strength = strength;
  request.images.start = InputImage(enlarged);
  return pipeline().generate(request).image;
}

double difference(const Image& a, const Image& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.rgb.size(); ++i) sum += std::abs(a.rgb[i] - b.rgb[i]);
  return sum / static_cast<double>(a.rgb.size());
}

std::vector<Settings> strip(const std::string& method, const std::vector<double>& positions) {
  std::vector<Settings> list(positions.size(), twice("latent"));
  for (std::size_t i = 0; i < list.size(); ++i) {
    list[i].style = "winter";
    list[i].method = method;
    list[i].position = positions[i];
  }
  return list;
}

TEST(SecondPass, ByLanczosStartsFromTheEnlargedPicture) {
  const Image first = pipeline().generate(castle()).image;
  const Picture made = pipeline().generate(twice("lanczos"));
  EXPECT_EQ(made.image.width, 128);
  EXPECT_EQ(made.image.rgb, drawn_from(resize_to_fill(first, 128, 128), 0.5).rgb);
  EXPECT_EQ(made.settings.width, 64);
}

TEST(SecondPass, ByANetworkStartsFromWhatThatDraws) {
  const Image first = pipeline().generate(castle()).image;
  const auto network = Upscaler::load({.file = kNetwork, .dtype = "f32", .threads = 2});
  const Image made = pipeline().generate(twice(kNetwork)).image;
  EXPECT_EQ(made.rgb, drawn_from(network.enlarge(first, 2), 0.5).rgb);
}

TEST(SecondPass, OfLatentsIsAnotherPictureOfTheSameScene) {
  const Image first = resize_to_fill(pipeline().generate(castle()).image, 128, 128);
  const Image made = pipeline().generate(twice("latent")).image;
  ASSERT_EQ(made.rgb.size(), first.rgb.size());
  EXPECT_GT(difference(made, first), 1);
  EXPECT_LT(difference(made, first), 40);
  EXPECT_EQ(pipeline().generate(twice("")).image.rgb, made.rgb) << "it is the default";
}

TEST(SecondPass, OfNoStrengthIsThePictureEnlarged) {
  Settings s = twice("lanczos");
  s.hires_strength = 0;
  const Image first = resize_to_fill(pipeline().generate(castle()).image, 128, 128);
  EXPECT_LT(difference(pipeline().generate(s).image, first), 12) << "but for encoding and decoding";
}

TEST(SecondPass, ItsStepsAreCounted) {
  Settings s = twice("latent");
  s.sampler = "ddim";
  s.hires_steps = 10;
  std::vector<StepProgress> steps;
  Observer observer;
  observer.on_step = [&](const StepProgress& step) { steps.push_back(step); };
  (void)pipeline().generate(s, observer);
  ASSERT_EQ(steps.size(), 11u) << "six, and half of ten";
  EXPECT_EQ(steps.back().step, 11);
  EXPECT_EQ(steps.front().steps, 11);
  EXPECT_DOUBLE_EQ(steps.back().share(), 1);
}

TEST(SecondPass, StopsInEither) {
  for (const int last : {2, 8}) {
    std::stop_source source;
    Observer observer;
    observer.stop = source.get_token();
    observer.on_step = [&](const StepProgress& step) {
      if (step.step == last) source.request_stop();
    };
    Settings s = twice("latent");
    s.sampler = "ddim";
    EXPECT_THROW((void)pipeline().generate(s, observer), Error);
  }
}

TEST(SecondPass, IsTheSameAloneAndAmongOthers) {
  std::vector<Settings> list(3, twice("lanczos"));
  for (std::size_t i = 0; i < list.size(); ++i) list[i].seed = i;
  list.push_back(castle());
  const auto together = make(pipeline(), requests(list)).first;
  for (std::size_t i = 0; i < list.size(); ++i)
    EXPECT_EQ(together[i].image.rgb, pipeline().generate(list[i]).image.rgb) << i;
}

TEST(SecondPass, OfADialsZeroIsThePlainOne) {
  const Image plain = pipeline().generate(twice("latent")).image;
  for (const std::string method : {"calibrated", "guide", "slerp"}) {
    const auto made = make(pipeline(), requests(strip(method, {0, 0.5, 1}))).first;
    EXPECT_EQ(made[0].image.rgb, plain.rgb) << method;
    EXPECT_GT(difference(made[2].image, plain), 2) << method;
    EXPECT_LT(difference(made[1].image, plain), difference(made[2].image, plain)) << method;
  }
}

TEST(SecondPass, OfADialIsTheSameForEachPositionAlone) {
  const auto list = strip("calibrated", {0, 0.5, 1});
  const auto made = make(pipeline(), requests(list)).first;
  EXPECT_EQ(pipeline().share().generate(list[1]).image.rgb, made[1].image.rgb);
}

TEST(SecondPass, OfAnInterpolationBeginsAsThePlainOne) {
  Settings s = twice("latent");
  s.to_prompt = "a dog in the meadow";
  s.to_seed = 9;
  EXPECT_EQ(pipeline().generate(s).image.rgb, pipeline().generate(twice("latent")).image.rgb);
  s.theta = 1;
  EXPECT_GT(difference(pipeline().generate(s).image, pipeline().generate(twice("latent")).image), 5);
}

TEST(SecondPass, HasSidesOfWholeLatents) {
  Settings s = twice("lanczos");
  s.hires = 1.3;
  s.height = 72;
  const Image made = pipeline().generate(s).image;
  EXPECT_EQ(made.width, 80);
  EXPECT_EQ(made.height, 88);
}

TEST(SecondPass, SaysWhatIsAtOdds) {
  const auto refused = [](auto&& change) {
    Request request = twice("");
    change(request);
    return refusal(request);
  };
  const Image picture{.width = 64, .height = 64, .rgb = std::vector<std::uint8_t>(3 * 64 * 64, 99)};
  const auto start = [&](Request& r) { r.images.start = InputImage(picture); };
  EXPECT_EQ(refused([](Request&) {}), "");
  EXPECT_NE(refused(start).find("hires: a picture that starts from another"), std::string::npos);
  EXPECT_NE(refused([](Request& r) { r.settings.strength = 0.5; }).find("hires_strength"), std::string::npos);
  EXPECT_NE(refused([](Request& r) { r.settings.hires = 1.05; }).find("no larger"), std::string::npos);
  EXPECT_NE(refused([](Request& r) {
              r.settings.width = r.settings.height = 1024;
              r.settings.hires = 3;
            }).find("hires: 3072x3072 is too large"),
            std::string::npos);
  EXPECT_NE(refused([](Request& r) { r.settings.hires_with = "missing.pth"; }).find("missing.pth"),
            std::string::npos);
  EXPECT_NE(refused([](Request& r) {
              r.settings.style = "winter";
              r.settings.method = "anchored";
            }).find("hires: method anchored edits"),
            std::string::npos);
  EXPECT_NE(refused([](Request& r) {
              r.settings.style = "winter";
              r.settings.mask_words = "castle";
            }).find("leave mask_words out"),
            std::string::npos);
  EXPECT_NE(refused([](Request& r) {
              r.settings.sampler = "lcm";
              r.settings.hires_steps = 900;
            }).find("hires_steps: "),
            std::string::npos);
  for (const auto change : {+[](Request& r) { r.settings.hires_with = "lanczos"; },
                            +[](Request& r) { r.settings.hires_strength = 0.4; },
                            +[](Request& r) { r.settings.hires_steps = 9; }}) {
    Request request = castle();
    change(request);
    EXPECT_NE(refusal(request).find("no hires says"), std::string::npos);
  }
}

}  // namespace
}  // namespace latentdial::detail
