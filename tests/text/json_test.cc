// JSON from outside is read whole or refused in one line, whatever it holds and in memory that its length
// bounds.

#include "latentdial/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <nlohmann/json.hpp>

namespace latentdial {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using ::testing::HasSubstr;

std::string repeated(const std::string& part, std::size_t times) {
  std::string text;
  text.reserve(part.size() * times);
  for (std::size_t i = 0; i < times; ++i) text += part;
  return text;
}

/// A list of so many equal parts and a zero.
std::string list_of(const std::string& part, std::size_t times) {
  std::string text = "[";
  text.append(repeated(part, times)).append("0]");
  return text;
}

template <class Json>
std::string refusal(const std::string& text, const JsonLimits& limits = {}) {
  try {
    (void)parse_json<Json>(text, limits);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_input);
    return error.what();
  }
  return "";
}

template <class Json>
class ParseJson : public ::testing::Test {};
using Kinds = ::testing::Types<json, ordered_json>;
TYPED_TEST_SUITE(ParseJson, Kinds);

TYPED_TEST(ParseJson, ReadsWhatTheLibraryReads) {
  for (const char* text : {"null", "true", "[]", "{}", "\"\\u0061\\n\"", "-3", "18446744073709551615", "1e-3",
                           R"({"b": [1, {"a": [[], {}, "x"]}, null], "a": false, "": ""})"})
    EXPECT_EQ(parse_json<TypeParam>(text), TypeParam::parse(text)) << text;
}

TYPED_TEST(ParseJson, SaysWhatIsWrong) {
  EXPECT_EQ(refusal<TypeParam>(""), "is not valid JSON (at byte 1)");
  EXPECT_EQ(refusal<TypeParam>("[1, 2"), "is not valid JSON (at byte 6)");
  EXPECT_EQ(refusal<TypeParam>("{} x"), "is not valid JSON (at byte 4)");
  EXPECT_EQ(refusal<TypeParam>("{\n\"a\": 1,\n}"), "is not valid JSON (at byte 11 on line 3)");
  EXPECT_EQ(refusal<TypeParam>("[1e999]"), "is not valid JSON (a number is out of range)");
  EXPECT_EQ(refusal<TypeParam>(R"({"a": 1, "b": {"c": 1, "a": 2, "\u0061": 3}})"), "gives 'a' twice");
  EXPECT_EQ(refusal<TypeParam>("\"\xff\""), "is not valid JSON (at byte 2)");
}

TYPED_TEST(ParseJson, IsNestedAtMost64Levels) {
  const auto nested = [](const std::string& open, const std::string& close, std::size_t levels) {
    return repeated(open, levels) + "1" + repeated(close, levels);
  };
  for (const auto& [open, close] : {std::pair{"[", "]"}, std::pair{"{\"a\":", "}"}}) {
    EXPECT_EQ(refusal<TypeParam>(nested(open, close, 64)), "");
    for (const std::size_t levels : {65u, 100'000u, 1'000'000u})
      EXPECT_EQ(refusal<TypeParam>(nested(open, close, levels)), "is nested deeper than 64 levels");
  }
  EXPECT_EQ(refusal<TypeParam>(nested("[{\"a\":", "}]", 33)), "is nested deeper than 64 levels");
  EXPECT_EQ(refusal<TypeParam>(repeated("[", 100'000)), "is nested deeper than 64 levels");
}

TYPED_TEST(ParseJson, HoldsAsManyValuesAsItsLengthAllows) {
  for (const char* part : {"[],", "{},", "\"\",", "0,", "[0],", "[[]],", "{\"a\":0},", "{\"a\":\"\"},"})
    EXPECT_THAT(refusal<TypeParam>(list_of(part, 1'000'000)), HasSubstr("holds more values")) << part;
  EXPECT_EQ(refusal<TypeParam>(list_of("0,", 10'000)), "") << "a short text may be dense";
  EXPECT_EQ(refusal<TypeParam>(list_of("\"a prompt of usual length, no more\",", 100'000)), "");
}

TYPED_TEST(ParseJson, AnObjectHasAsManyNamesAsAreAsked) {
  std::string members = "{\"first\": 0";
  for (int i = 0; i < 1'023; ++i) members += ", \"name " + std::to_string(i) + "\": 0";
  EXPECT_EQ(refusal<TypeParam>(members + "}"), "");
  EXPECT_EQ(refusal<TypeParam>(members + ", \"last\": 0}"), "has an object of more than 1024 names");
  EXPECT_EQ(refusal<TypeParam>(members + ", \"last\": 0}", {.names = 1'025}), "");
}

TYPED_TEST(ParseJson, APictureWithinAStringIsCheap) {
  const std::string picture(48u << 20, 'A');
  EXPECT_EQ(parse_json<TypeParam>("{\"image\":\"" + picture + "\"}")
                .at("image")
                .template get_ref<const std::string&>(),
            picture);
}

TYPED_TEST(ParseJson, TryingGivesNothingWhereItIsRefused) {
  EXPECT_EQ(try_parse_json<TypeParam>("[1]"), TypeParam::array({1}));
  EXPECT_EQ(try_parse_json<TypeParam>("[1"), std::nullopt);
  EXPECT_EQ(try_parse_json<TypeParam>(repeated("[", 100'000)), std::nullopt);
}

/// What is taken is held in at most four times the text and the spare megabyte, of which each kind of value
/// may have as much as it can.
TYPED_TEST(ParseJson, WhatIsTakenIsHeldInBoundedMemory) {
  for (const char* part :
       {"[],", "{},", "\"\",", "0,", "[0],", "{\"a\":0},", "{\"a\":{}},", "\"0123456789abcdef\","}) {
    std::size_t most = 1;
    while (most < 1'000'000 && refusal<TypeParam>(list_of(part, 2 * most)).empty()) most *= 2;
    const std::string taken = list_of(part, most);
    const std::size_t before = mallinfo2().uordblks;
    const auto value = parse_json<TypeParam>(taken);
    EXPECT_LE(mallinfo2().uordblks - before, 4 * taken.size() + (1u << 20)) << part;
  }
}

}  // namespace
}  // namespace latentdial
