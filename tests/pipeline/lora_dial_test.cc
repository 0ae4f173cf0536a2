// A LoRA on the dial, on the embedded model.
#include <gmock/gmock.h>

#include <cmath>

#include "latentdial/parameters.h"
#include "latentdial/pipeline.h"
#include "pipeline/small_lora.h"

namespace latentdial {
namespace {

using ::testing::HasSubstr;

class LoraDial : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder = new testing::TempDir;
    testing::write_file(*folder / "loras" / "ink.safetensors", testing::lora_bytes(0.8F));
    testing::write_file(*folder / "loras" / "wash.safetensors", testing::lora_bytes(-0.08F));
    testing::write_file(*folder / "loras" / "nothing.safetensors", testing::lora_bytes(0));
    testing::write_file(*folder / "own.safetensors", testing::lora_bytes(0.8F));
    pipeline = new Pipeline(Pipeline::load(
        {.model = "", .lora_dir = (*folder / "loras").string(), .dtype = "f32", .threads = 2}));
  }
  static void TearDownTestSuite() {
    delete pipeline;
    delete folder;
  }

  static Settings plain(const std::string& prompt = "a dog") {
    Settings s;
    s.prompt = prompt;
    s.negative_prompt = "grey";
    s.sampler = "dpm++2m";
    s.steps = 6;  // Of which a path computes all in full.
    s.width = s.height = 64;
    s.seed = 4;
    return s;
  }
  static Settings at(double position, const std::string& method = "calibrated",
                     const std::string& style = "lora:ink") {
    Settings s = plain();
    s.style = style;
    s.method = method;
    s.position = position;
    return s;
  }
  static std::vector<std::uint8_t> picture(const Settings& settings) {
    return pipeline->generate(settings).image.rgb;
  }
  static std::vector<std::vector<std::uint8_t>> pictures(const std::vector<Settings>& list) {
    std::vector<std::vector<std::uint8_t>> made(list.size());
    pipeline->generate({list.begin(), list.end()},
                       [&](std::size_t i, Picture picture) { made[i] = std::move(picture.image.rgb); });
    return made;
  }
  static double distance(const std::vector<std::uint8_t>& a, const std::vector<std::uint8_t>& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += std::pow(double{a[i] * 1.0} - b[i], 2);
    return std::sqrt(sum / static_cast<double>(a.size()));
  }
  static std::string refusal(const Settings& settings) {
    return testing::refusal([&] { (void)pipeline->resolve(settings); });
  }
  static std::string own() { return "lora:" + (*folder / "own.safetensors").string(); }

  static inline testing::TempDir* folder;
  static inline Pipeline* pipeline;
};

TEST_F(LoraDial, AtZeroItIsThePictureWithoutTheLora) {
  const auto without = picture(plain());
  for (const char* method : {"calibrated", "guide", "anchored"})
    EXPECT_EQ(picture(at(0, method)), without) << method;
}

TEST_F(LoraDial, GuidedInFullItIsThePictureWithTheLora) {
  EXPECT_EQ(picture(at(1, "guide")), picture(plain("a dog<lora:ink>")));
  EXPECT_EQ(picture(at(1, "guide", "lora:ink:0.5")), picture(plain("a dog<lora:ink:0.5>")));
  EXPECT_EQ(picture(at(1, "guide", own())), picture(plain("a dog<lora:ink>"))) << "by its file";
  Settings with_wash = at(1, "guide");
  with_wash.loras = "wash:0.5";
  EXPECT_EQ(picture(with_wash), picture(plain("a dog<lora:wash:0.5><lora:ink>")));
}

TEST_F(LoraDial, ItsPathLeadsFromTheOneToTheOther) {
  std::vector<Settings> list;
  for (int i = 0; i <= 4; ++i) list.push_back(at(i / 4.0));
  const auto made = pictures(list);
  for (std::size_t i = 1; i < made.size(); ++i)
    EXPECT_GT(distance(made[0], made[i]), 1.1 * distance(made[0], made[i - 1])) << i;
  // Half of the way, and not half of the LoRA.
  EXPECT_NEAR(distance(made[0], made[2]) / distance(made[2], made[4]), 1, 0.4);
  for (const std::size_t i : {std::size_t{1}, std::size_t{4}})
    EXPECT_EQ(picture(list[i]), made[i]) << "whatever is made beside it";
}

TEST_F(LoraDial, BelowZeroItIsTakenAway) {
  EXPECT_EQ(picture(at(-1, "guide")).size(), std::size_t{3} * 64 * 64);
  const auto without = picture(plain()), more = picture(at(1)), less = picture(at(-1));
  EXPECT_GT(distance(more, less), distance(more, without));
  EXPECT_NE(less, without);
}

TEST_F(LoraDial, BeyondItsRangeThePositionIsHeldWithANotice) {
  const Picture beyond = pipeline->generate(at(1.5));
  EXPECT_EQ(beyond.image.rgb, picture(at(1)));
  EXPECT_EQ(beyond.shows, 1);
  EXPECT_THAT(beyond.notices.front(), HasSubstr("as in lora:NAME:1.5"));
}

TEST_F(LoraDial, OutsideOfItsMaskNothingChanges) {
  Request request = at(1);
  Image mask{.width = 64, .height = 64, .rgb = {}};
  for (int i = 0; i < 64 * 64; ++i) mask.rgb.insert(mask.rgb.end(), 3, i % 64 < 32 ? 255 : 0);
  request.images.style_mask = InputImage(mask);
  const auto without = picture(plain()), masked = pipeline->generate(request).image.rgb;
  const auto change = [&](int x) {
    double sum = 0;
    for (std::size_t y = 0; y < 64; ++y)
      sum += std::abs(without[3 * (64 * y + static_cast<std::size_t>(x))] -
                      masked[3 * (64 * y + static_cast<std::size_t>(x))]);
    return sum / 64;
  };
  EXPECT_GT(change(8), 4 * change(60));
}

TEST_F(LoraDial, OneThatChangesNothingIsSaidTo) {
  const Picture made = pipeline->generate(at(1, "calibrated", "lora:nothing"));
  EXPECT_EQ(made.notices, std::vector<std::string>{"lora:nothing changes nothing that shows"});
  EXPECT_EQ(made.shows, std::nullopt);
}

TEST_F(LoraDial, TheMeterAsksBothModels) {
  const Image dog = pipeline->generate(plain()).image;
  const auto read = [&](const std::string& style) {
    return pipeline->measure({dog}, {.style = style, .prompt = "a dog", .evaluations = 4}).front();
  };
  const auto length = [](const Reading& reading) {
    double sum = 0;
    for (const MeterSample& sample : reading.samples)
      for (const double channel : sample.length) sum += channel;
    return sum;
  };
  const Reading little = read("lora:ink:0.01"), twice = read("lora:ink:0.02");
  EXPECT_EQ(little.samples.front().residual, twice.samples.front().residual) << "of the model itself";
  EXPECT_NEAR(length(twice) / length(little), 4, 0.4) << "of what the LoRA changes, in squares";
  EXPECT_EQ(length(read("lora:nothing")), 0);
  EXPECT_EQ(read(own() + ":0.02").strength, twice.strength);
}

TEST_F(LoraDial, ItsTextNamesNoFile) {
  const Picture made = pipeline->generate(at(1, "guide", own() + ":0.5"));
  EXPECT_THAT(made.parameters, HasSubstr("Style: \"lora:own:0.5\""));
  EXPECT_EQ(parse_parameters(made.parameters).style, "lora:own:0.5");
  EXPECT_EQ(parse_parameters("a dog\nSteps: 3, Style: \"lora:/etc/x.safetensors:2\", Seed: 1").style,
            "lora:x:2");
  EXPECT_EQ(lora_file_named(at(1)), "");
  EXPECT_EQ(lora_file_named(at(1, "guide", own() + ":0.5")), (*folder / "own.safetensors").string());
}

TEST_F(LoraDial, WhatCannotBeTurnedIsRefused) {
  EXPECT_EQ(refusal(at(1, "slerp")),
            "method: slerp turns words; a LoRA is turned by calibrated, guide and anchored");
  EXPECT_EQ(refusal(at(1, "guide", "lora:oil")),
            "style: there is no lora:oil; the folder of LoRAs has ink, nothing, wash");
  EXPECT_THAT(refusal(at(1, "guide", "lora:")), HasSubstr("style: 'lora:' names no LoRA"));
  EXPECT_THAT(refusal(at(1, "guide", "lora:ink:much")), HasSubstr("'much' is not one scale"));
  const std::string missing = refusal(at(1, "guide", "lora:" + (*folder / "oil.safetensors").string()));
  EXPECT_THAT(missing, ::testing::StartsWith("style: oil.safetensors"));
  Settings joined = at(1);
  joined.prompt = "a dog AND a cat";
  EXPECT_THAT(refusal(joined), HasSubstr("prompt: AND joins prompts"));
  Settings with_file = at(1);
  with_file.dial = "ink.dial.json";
  EXPECT_THAT(refusal(with_file), HasSubstr("dial: a dial file is of words"));
  const Pipeline without = Pipeline::load({.model = "", .dtype = "f32", .threads = 2});
  EXPECT_THAT(testing::refusal([&] { (void)without.resolve(at(1)); }),
              HasSubstr("style: lora:ink is looked for in a folder of LoRAs, but none was given"));
}

}  // namespace
}  // namespace latentdial
