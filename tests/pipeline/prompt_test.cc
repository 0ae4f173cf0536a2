// Prompt syntax, from the text to the picture: what the U-Net is shown at each step.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "latentdial/error.h"
#include "latentdial/stages.h"
#include "pipeline/embedded_pipeline.h"
#include "session/conditions.h"

namespace latentdial::detail {
namespace {

using testing::FloatNear;
using testing::HasSubstr;
using testing::Pointwise;

Values encode(const std::string& text, bool plain = false) {
  return Stages(pipeline()).encode_prompt(text, plain);
}

Settings small(const std::string& prompt) {
  Settings s;
  s.prompt = prompt;
  s.steps = 4;
  s.width = s.height = 64;
  s.seed = 3;
  s.sampler = "ddim";
  return s;
}

std::vector<std::uint8_t> picture(const Settings& s) {
  return pipeline().generate(s).image.rgb;
}

/// Largest difference of two pictures' pixels.
int difference(const std::vector<std::uint8_t>& a, const std::vector<std::uint8_t>& b) {
  int largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

TEST(PromptSyntax, EmphasisIsTheWordsStatesTimesItsWeight) {
  const Values plain = encode("a castle");
  const auto width = static_cast<std::size_t>(plain.shape[1]);
  // Token 0 is the start, 1 "a", 2 "castle".
  std::vector<float> expected = plain.values;
  for (std::size_t c = 0; c < width; ++c) expected[2 * width + c] *= 1.4F;
  const double ratio = std::accumulate(plain.values.begin(), plain.values.end(), 0.0) /
                       std::accumulate(expected.begin(), expected.end(), 0.0);
  for (float& value : expected) value = static_cast<float>(value * ratio);
  EXPECT_THAT(encode("a (castle:1.4)").values, Pointwise(FloatNear(1e-5F), expected));
  EXPECT_THAT(encode("a castle").values, Pointwise(FloatNear(0), encode("a castle", true).values));
}

TEST(PromptSyntax, EachWindowIsEncodedByItself) {
  std::vector<float> expected = encode("a castle").values;
  const auto dog = encode("a dog").values;
  expected.insert(expected.end(), dog.begin(), dog.end());
  const Values both = encode("a castle BREAK a dog");
  EXPECT_EQ(both.shape[0], 2 * encode("a dog").shape[0]);
  EXPECT_EQ(both.values, expected);
}

TEST(PromptSyntax, PlainPromptsAreReadAsTheyStand) {
  EXPECT_NE(encode("(a dog)", true).values, encode("a dog", true).values);
  EXPECT_EQ(encode("a dog BREAK a cat", true).shape[0], encode("a dog").shape[0]);
  Settings s = small("(a dog:1.4) AND [b:0.5]");
  s.plain_prompt = true;
  EXPECT_NE(picture(s), picture(small("a dog")));
}

TEST(PromptSyntax, AChangeIsEachPromptAtItsSteps) {
  EXPECT_EQ(picture(small("[a castle:a dog:4]")), picture(small("a castle")));
  EXPECT_EQ(picture(small("[a castle:a dog:0]")), picture(small("a dog")));
  const auto half = picture(small("[a castle:a dog:2]"));
  EXPECT_NE(half, picture(small("a castle")));
  EXPECT_NE(half, picture(small("a dog")));
  EXPECT_EQ(half, picture(small("[a castle:a dog:0.5]")));
}

/// Conditioning that answers with the number of the prompt, guided: "1" → 1, "" → 10.
PromptConditioner numbers() {
  const auto states = [](const std::string& text) -> Condition {
    return Tensor::of({1, 1, 1}, std::vector<float>{text.empty() ? 10.0F : std::stof(text)});
  };
  return {.condition =
              [=](const Texts& texts) {
                return ClassifierFreeGuidance{states(texts.negative_prompt), 3, {}}.condition(
                    states(texts.prompt));
              },
          .negative = states};
}

double guided(const std::string& prompt, double progress, const std::string& negative = "") {
  const auto step = compose_prompts({prompt, negative, ""}, 4, numbers())(progress);
  std::vector<Tensor> predictions;
  for (const Condition& condition : step.conditions)
    predictions.push_back(Tensor::of({1, 1, 1, 1}, condition.tokens.values()));
  return step.combine(predictions).values()[0];
}

TEST(PromptSyntax, TheStepDecidesThePrompt) {
  // ε_∅ + 3·(ε − ε_∅) with ε_∅ = 10, at steps 0 to 3 of 4.
  EXPECT_NEAR(guided("[1:2:0.5]", 0.0), 10 + 3 * (1 - 10), 1e-4);
  EXPECT_NEAR(guided("[1:2:0.5]", 0.25), 10 + 3 * (1 - 10), 1e-4);
  EXPECT_NEAR(guided("[1:2:0.5]", 0.5), 10 + 3 * (2 - 10), 1e-4);
  EXPECT_NEAR(guided("[1:2:0.5]", 0.999), 10 + 3 * (2 - 10), 1e-4);
  EXPECT_NEAR(guided("[1|2|3]", 0.75), 10 + 3 * (1 - 10), 1e-4);
  EXPECT_NEAR(guided("1", 0.5, "[4:5:2]"), 5 + 3 * (1 - 5), 1e-4);
}

TEST(PromptSyntax, AndAddsWhatEachPromptAsksFor) {
  EXPECT_NEAR(guided("1 AND 2", 0), 10 + 3 * (1 - 10) + 3 * (2 - 10), 1e-4);
  EXPECT_NEAR(guided("1 :0.5 AND 2 :-1", 0), 10 + 0.5 * 3 * (1 - 10) - 3 * (2 - 10), 1e-4);
  EXPECT_NEAR(guided("1 :0.5 AND [2:3:1] :0.5", 0.9), 10 + 0.5 * 3 * (1 - 10) + 0.5 * 3 * (3 - 10), 1e-4);
}

TEST(PromptSyntax, HalfAndHalfOfOnePromptIsThatPrompt) {
  EXPECT_LE(difference(picture(small("a dog :0.5 AND a dog :0.5")), picture(small("a dog"))), 1);
}

TEST(PromptSyntax, PromptsOfAnyLengthMakeAPicture) {
  std::string castle;
  for (int i = 0; i < 100; ++i) castle += "a castle on a hill, ";
  const Settings s = small(castle);
  const Picture made = pipeline().generate(s);
  EXPECT_TRUE(made.notices.empty());
  EXPECT_NE(made.image.rgb, picture(small("a dog")));
}

TEST(PromptSyntax, ALongPromptIsTheSamePictureAloneAndInABatch) {
  for (const char* method : {"guide", "anchored", "slerp", "weight", "sega"}) {
    Settings dial = small("a castle BREAK a dog");
    dial.style = "sketch";
    dial.method = method;
    dial.position = 0.6;
    Settings shorter = dial;
    shorter.prompt = "a dog";
    Settings zero = dial;
    zero.position = 0;
    const auto [together, steps] = make(pipeline(), {dial, shorter, zero});
    const std::vector<Settings> list = {dial, shorter, zero};
    for (std::size_t i = 0; i < list.size(); ++i) {
      const auto fresh = Pipeline::load({.model = "", .dtype = "f32", .threads = 2});
      EXPECT_EQ(together[i].image.rgb, fresh.generate(list[i]).image.rgb) << method << " " << i;
    }
    if (std::string(method) == "weight") continue;  // Its zero still has the style's words.
    EXPECT_EQ(together[2].image.rgb, picture(small("a castle BREAK a dog"))) << method;
  }
}

TEST(PromptSyntax, ADialTurnsEveryPromptOfAPicture) {
  Settings s = small("a castle AND [a dog|a cat]");
  s.style = "sketch";
  for (const char* method : {"guide", "slerp", "anchored", "calibrated", "sega"}) {
    s.method = method;
    s.position = 0;
    const auto none = picture(s);
    s.position = 1;
    EXPECT_NE(picture(s), none) << method;
  }
}

TEST(PromptSyntax, WhatHasNoMeaningIsRefused) {
  const auto refused = [](auto change, const char* why) {
    Settings s = small("a dog");
    change(s);
    EXPECT_THAT([&] { validate(s); }, testing::ThrowsMessage<Error>(HasSubstr(why)));
  };
  refused([](Settings& s) { s.negative_prompt = "a AND b"; }, "negative_prompt: AND");
  refused([](Settings& s) { s.to_prompt = "a AND b"; }, "to_prompt: AND");
  refused([](Settings& s) { s.style = "[a|b]"; }, "style: [from:to:when]");
  refused([](Settings& s) { s.prompt = "a <lora:x:strong>"; },
          "prompt: '<lora:x:strong>': 'strong' is not one scale");
  refused([](Settings& s) { s.prompt = "a <hypernet:x:1>"; }, "prompt: <hypernet:");
  refused([](Settings& s) { s.negative_prompt = "a <lora:x:1>"; }, "negative_prompt: <lora:");
  refused([](Settings& s) { s.prompt = "[a:(b:1000):0.5]"; }, "out of range");
  refused(
      [](Settings& s) {
        s.steps = 1000;
        s.prompt = "[0";
        for (int i = 1; i < 200; ++i) s.prompt.append("|").append(std::to_string(i));
        s.prompt += "]";
      },
      "more than 128 different ones");
  refused([](Settings& s) { s.prompt = std::string(70'000, 'a'); }, "70000 bytes");
  refused(
      [](Settings& s) {
        s.prompt = "[a|b]";
        s.image = "a.png";
        s.invert = true;
        s.seed = 0;
      },
      "prompt: [from:to:when]");
  EXPECT_THROW((void)encode("a AND b"), Error);
  EXPECT_NO_THROW((void)encode("a AND b", true));
}

}  // namespace
}  // namespace latentdial::detail
