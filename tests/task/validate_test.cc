// Every setting is checked before work starts, and the error says what would be right.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "latentdial/error.h"
#include "latentdial/request.h"

namespace latentdial::detail {
namespace {

using testing::HasSubstr;
using testing::Not;

Settings valid() {
  Settings s;
  s.prompt = "a dog";
  return s;
}

/// The error of otherwise valid settings after `change`; empty when they are taken.
std::string fault(const std::function<void(Settings&)>& change) {
  Settings s = valid();
  change(s);
  try {
    validate(s);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_input);
    EXPECT_THAT(error.what(), Not(HasSubstr("\n")));
    return error.what();
  }
  return "";
}

TEST(Validate, TakesADefaultPicture) {
  EXPECT_EQ(fault([](Settings&) {}), "");
}

// A picture of nothing in particular; that none was given at all, the faces say.
TEST(Validate, TakesAnEmptyPrompt) {
  for (const char* prompt : {"", " ", " \n\t", "()", "[]", "BREAK", ","})
    EXPECT_EQ(fault([&](Settings& s) { s.prompt = prompt; }), "") << prompt;
}

TEST(Validate, NamesTheSideThatIsWrong) {
  EXPECT_THAT(fault([](Settings& s) { s.width = 512; }),
              HasSubstr("height: only the other is given; both sides"));
  EXPECT_THAT(fault([](Settings& s) { s.height = 64; }), HasSubstr("width: only the other is given"));
  EXPECT_THAT(fault([](Settings& s) { s.width = 100; }), HasSubstr("width: 100 is not a side"));
  EXPECT_THAT(fault([](Settings& s) { s.height = -8; }), HasSubstr("height: -8 is not a side"));
  EXPECT_THAT(fault([](Settings& s) { s.width = s.height = 100; }),
              HasSubstr("width: 100x100 is not a picture"));
}

TEST(Validate, NamesTheSettingThatIsOutOfRange) {
  EXPECT_THAT(fault([](Settings& s) { s.steps = 0; }), HasSubstr("steps: 0 is out of range, use 1 to 1000"));
  EXPECT_THAT(fault([](Settings& s) { s.steps = -3; }), HasSubstr("steps: "));
  EXPECT_THAT(fault([](Settings& s) { s.guidance_scale = -1; }), HasSubstr("guidance_scale: "));
  EXPECT_THAT(fault([](Settings& s) { s.guidance_scale = std::nan(""); }), HasSubstr("guidance_scale: "));
  EXPECT_THAT(fault([](Settings& s) { s.guidance_scale = INFINITY; }), HasSubstr("guidance_scale: "));
  EXPECT_THAT(fault([](Settings& s) { s.strength = 1.5; }), HasSubstr("strength: "));
  EXPECT_THAT(fault([](Settings& s) { s.to_seed = -2; }),
              HasSubstr("to_seed: -2 is out of range, use -1 to 9223372036854775807"));
  EXPECT_THAT(fault([](Settings& s) { s.guidance_start = -0.1; }), HasSubstr("guidance_start: "));
}

TEST(Validate, WantsAWindowOnlyWhereTheDiffusionIsGuided) {
  const auto guide = [](const std::function<void(Settings&)>& change) {
    return fault([&](Settings& s) {
      s.style = "Monet style";
      s.method = "guide";
      change(s);
    });
  };
  EXPECT_EQ(guide([](Settings& s) { s.style_start = 0.3; }), "");
  EXPECT_THAT(guide([](Settings& s) { s.style_start = 0.6, s.style_end = 0.5; }), HasSubstr("style_start: "));
  EXPECT_THAT(guide([](Settings& s) { s.style_passes = 2; }), HasSubstr("style_passes: "));
  EXPECT_THAT(guide([](Settings& s) { s.style_guidance = 0.6; }), HasSubstr("style_guidance: "));
  EXPECT_EQ(guide([](Settings& s) { s.method = "anchored", s.style_passes = 2, s.style_guidance = 0.6; }),
            "");
  EXPECT_THAT(guide([](Settings& s) { s.per_token = true; }), HasSubstr("per_token: "));
  EXPECT_THAT(guide([](Settings& s) { s.method = "slerp", s.style_end = 0.5; }), HasSubstr("method guide"));
}

TEST(Validate, WithoutAMethodTheDialIsTheCalibratedOne) {
  const auto dial = [](const std::function<void(Settings&)>& change) {
    return fault([&](Settings& s) {
      s.style = "Monet style";
      change(s);
    });
  };
  EXPECT_EQ(dial([](Settings& s) { s.dial = "monet.dial.json", s.style_mask = "mask.png"; }), "");
  EXPECT_THAT(dial([](Settings& s) { s.per_token = true; }), HasSubstr("method calibrated"));
}

TEST(Validate, WantsTextsThatAPngCanKeep) {
  EXPECT_THAT(fault([](Settings& s) { s.prompt = std::string("a\0dog", 5); }), HasSubstr("prompt: "));
  EXPECT_THAT(fault([](Settings& s) { s.negative_prompt = std::string("\0", 1); }), HasSubstr("NUL"));
}

TEST(Validate, WantsGuidanceToBeOnAtSomeTime) {
  EXPECT_THAT(fault([](Settings& s) { s.guidance_start = 0.6, s.guidance_end = 0.5; }),
              HasSubstr("guidance_start: "));
}

TEST(Validate, WantsSizesOfWholeLatents) {
  const auto size = [](int width, int height) {
    return fault([=](Settings& s) { s.width = width, s.height = height; });
  };
  EXPECT_EQ(size(512, 520), "");
  for (const auto& [width, height] : {std::pair{510, 512}, {512, 0}, {-8, 512}, {8, -8}, {80000, 512}}) {
    EXPECT_THAT(size(width, height), HasSubstr("8")) << width << "x" << height;
  }
}

TEST(Validate, ListsTheNamesThatAreKnown) {
  EXPECT_THAT(fault([](Settings& s) { s.sampler = "restart"; }),
              HasSubstr("pndm, ddim, euler, euler_a, heun, dpm2"));
  EXPECT_THAT(fault([](Settings& s) { s.scheduler = "kl_optimal"; }), HasSubstr("karras"));
  EXPECT_THAT(fault([](Settings& s) { s.method = "magic"; }), HasSubstr("slerp-diff"));
}

TEST(Validate, IgnoresNoSettingSilently) {
  EXPECT_THAT(fault([](Settings& s) { s.position = 0.5; }), HasSubstr("style"));
  EXPECT_THAT(fault([](Settings& s) { s.theta = 0.5; }), HasSubstr("to_prompt"));
}

}  // namespace
}  // namespace latentdial::detail
