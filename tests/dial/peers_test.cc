// Every peer against values computed by hand.
#include "dial/peers/peers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "dial_testing.h"

namespace latentdial::detail {
namespace {

using testing::FloatNear;
using testing::Pointwise;

/// Encodings of four tokens and one channel: start, content, style, padding.
DialPrompts four_tokens() {
  const auto encode = [](const std::string& text) -> EncodedPrompt {
    static const std::map<std::string, std::pair<std::vector<float>, std::vector<std::int64_t>>> known = {
        {"content,", {{1, 2, 0, 0}, {1}}},
        {"content, style", {{1, 2, 4, 1}, {1, 2}}},
        {"", {{1, 0.5, 0.5, 0.5}, {}}}};
    const auto& [values, tokens] = known.at(text);
    return {Tensor::of({1, 4, 1}, values), tokens};
  };
  return {.content = [=](const Around& around) { return encode(around.before + "content" + around.after); },
          .text = encode};
}

std::vector<float> encoding(const std::string& method, double position, const DialPrompts& prompts) {
  DialRequest request = a_request(position);
  request.guidance.scale = 1;
  const auto step = find_dial_method(method).condition(request, prompts)(0.5);
  return values(step.conditions.front().tokens);
}

TEST(Weight, ScalesTheStylesTokensAndRestoresTheMean) {
  // [1, 2, 4, 1] → [1, 2, 2, 1], mean 2 → 1.5, so all times 4/3.
  EXPECT_THAT(encoding("weight", 0.5, four_tokens()),
              Pointwise(FloatNear(1e-6f), {4 / 3.0f, 8 / 3.0f, 8 / 3.0f, 4 / 3.0f}));
  EXPECT_THAT(encoding("weight", 1, four_tokens()), Pointwise(FloatNear(1e-6f), {1.0f, 2.0f, 4.0f, 1.0f}));
}

TEST(WeightCompel, ScalesFromTheEmptyPrompt) {
  EXPECT_THAT(encoding("weight-compel", 0.5, four_tokens()),
              Pointwise(FloatNear(1e-6f), {1.0f, 2.0f, 0.5f + 0.5f * 3.5f, 1.0f}));
  EXPECT_THAT(encoding("weight-compel", 0, four_tokens()),
              Pointwise(FloatNear(1e-6f), {1.0f, 2.0f, 0.5f, 1.0f}));
}

TEST(Steer, AddsTheMeanDifferenceToEveryState) {
  // A style that adds [1, 3] to the two states of every content: the mean difference is 2.
  const auto encode = [](const std::string& text) -> EncodedPrompt {
    const bool styled = text.ends_with(", style");
    return {Tensor::of({1, 2, 1}, std::vector<float>{styled ? 2.0f : 1.0f, styled ? 8.0f : 5.0f}), {0}};
  };
  const DialPrompts prompts = {
      .content = [=](const Around& around) { return encode(around.before + "content" + around.after); },
      .text = encode};
  EXPECT_THAT(encoding("steer", 0.5, prompts), Pointwise(FloatNear(1e-6f), {2.0f, 6.0f}));
  EXPECT_THAT(encoding("steer", 0, prompts), Pointwise(FloatNear(0), {1.0f, 5.0f}));
}

// The U-Net of two_words answers ∅ 7, content 1, style 0, "content, style" 3.
TEST(DreamWalk, AddsTheStyleAsATermOfItsOwn) {
  const auto conditioning = find_dial_method("dreamwalk").condition(a_request(0.4), two_words());
  EXPECT_NEAR(guided(conditioning(0.1)), 7 + 7.5 * (1 - 7), 1e-4);
  EXPECT_NEAR(guided(conditioning(0.2)), 7 + 7.5 * (1 - 7) + 0.4 * 7.5 * (0 - 7), 1e-4);
}

TEST(FreeSliders, AddsTheContrastAfterFifteenOfFiftySteps) {
  const auto conditioning = find_dial_method("freesliders").condition(a_request(0.4), two_words());
  EXPECT_NEAR(guided(conditioning(14 / 50.0)), 7 + 7.5 * (1 - 7), 1e-4);
  EXPECT_NEAR(guided(conditioning(15 / 50.0)), 7 + 7.5 * (1 - 7) + 0.4 * 7.5 * (3 - 1), 1e-4);
}

TEST(FlowSlider, ScalesTheSteeringAtEveryStep) {
  for (const double progress : {0.0, 0.9}) {
    const auto asked = [&](double position) {
      return guided(find_dial_method("flowslider").condition(a_request(position), two_words())(progress));
    };
    EXPECT_NEAR(asked(0), 7 + 7.5 * (1 - 7), 1e-4) << "fidelity alone";
    EXPECT_NEAR(asked(0.4), 7 + 7.5 * (1 - 7) + 0.4 * 7.5 * (3 - 1), 1e-4);
    EXPECT_NEAR(asked(1), 7 + 7.5 * (3 - 7), 1e-4) << "FlowEdit's own";
  }
}

TEST(FlowSlider, EditsTheLastTwentyOfTwentyEightStepsAndTakesNoLayout) {
  const auto& own = find_dial_method("flowslider").own_edit;
  ASSERT_TRUE(own);
  EXPECT_EQ(own->recipe.start, 8.0 / 28);
  EXPECT_EQ(own->recipe.layout_until, 0);
  EXPECT_EQ(own->change, nullptr) << "the change is FlowEdit's";
}

TEST(VeloEdit, AsksForTheStyleWhateverThePosition) {
  for (const double position : {0.0, 0.4})
    EXPECT_NEAR(guided(find_dial_method("veloedit").condition(a_request(position), two_words())(0.5)),
                7 + 7.5 * (3 - 7), 1e-4);
}

TEST(VeloEdit, KeepsWhatIsSimilarAndBlendsTheRest) {
  const auto row = [](const std::vector<float>& x) { return Tensor::of({1, 1, 5, 1}, x); };
  // |z − x₀| = 2 everywhere but in the last: 2/(2 + 0.5) is just 0.8, 2/(2 + 0.75) and 2/(2 + 2) are not.
  const Tensor original = row({1, 1, 1, 1, 1}), noised = row({3, 3, -1, 3, 1});
  const Tensor clean = row({1.5, 1.75, 0.5, -1, 1});
  const auto change = [&](double position) {
    return values(velo_edit_change({original, noised, clean}, position));
  };
  EXPECT_EQ(change(1), (std::vector<float>{0, 0.75, 0, -2, 0}));
  EXPECT_EQ(change(0.5), (std::vector<float>{0, 0.375, 0, -1, 0}));
  EXPECT_EQ(change(0), (std::vector<float>{0, 0, 0, 0, 0}));
}

TEST(Sega, KeepsTheLargestOfEachChannelAndRemembersThem) {
  const auto conditioning = find_dial_method("sega").condition(a_request(0.5), two_words());
  // Two pixels: the 0.92-quantile of |4·(edit − none)| lies between both, so only the larger stays.
  const auto pixels = [](float a, float b) { return Tensor::of({1, 1, 2, 1}, std::vector<float>{a, b}); };
  const std::vector<Tensor> predictions = {pixels(0, 0), pixels(1, 1), pixels(1, 2)};  // ∅, text, edit
  const float plain = 7.5f;
  EXPECT_EQ(values(conditioning(0.0).combine(predictions)), (std::vector<float>{plain, plain})) << "warm-up";
  // Momentum after one step of warm-up: 0.6·8 = 4.8 at the second pixel, added at a tenth.
  EXPECT_THAT(values(conditioning(0.04).combine(predictions)),
              Pointwise(FloatNear(1e-5f), {plain, plain + 8 + 0.48f}));
  // 0.4·4.8 + 0.6·8.48 = 7.008.
  EXPECT_THAT(values(conditioning(0.5).combine(predictions)),
              Pointwise(FloatNear(1e-5f), {plain, plain + 8 + 0.7008f}));
}

}  // namespace
}  // namespace latentdial::detail
