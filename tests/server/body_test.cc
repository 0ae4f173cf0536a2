// A request's JSON, and the long texts in it.
#include "body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base64.h"
#include "latentdial/error.h"

namespace latentdial::server {
namespace {

using ::testing::HasSubstr;

std::string repeated(std::string_view text, std::size_t bytes) {
  std::string all;
  while (all.size() < bytes) all += text;
  return all;
}

std::string refusal(const std::string& text) {
  try {
    (void)Body::parse(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

const std::string kBytes = repeated(std::string("\x89PNG\r\n\0\xff", 8), 2 * kLongestText);

TEST(Body, IsJsonAsItStands) {
  const Body body = Body::parse(R"({"prompt": "a  \"dog\"", "steps" :4})");
  EXPECT_EQ(body.json, Json::parse(R"({"prompt": "a  \"dog\"", "steps": 4})"));
  EXPECT_FALSE(body.is_long(body.json["prompt"]));
}

TEST(Body, KeepsItsLongTextsApart) {
  Body body = Body::parse(R"({"a": ")" + encode_base64(kBytes) +
                          R"(", "prompt": "x", "b": ["data:image/png;base64,)" +
                          encode_base64(kBytes.substr(1)) + R"("]})");
  EXPECT_LT(body.json.dump().size(), 100u);
  EXPECT_TRUE(body.is_long(body.json["a"]));
  EXPECT_EQ(body.take_bytes("a", body.json["a"]), kBytes);
  EXPECT_EQ(body.take_bytes("b", body.json["b"][0]), kBytes.substr(1));
  EXPECT_EQ(body.json["prompt"], "x");
}

TEST(Body, KnowsTheEscapesThatOthersWriteInBase64) {
  std::string text;
  for (const char c : encode_base64(kBytes)) {
    text += c == '/' ? "\\/" : std::string(1, c);
    if (text.size() % 77 == 0) text += "\\r\\n";
  }
  Body body = Body::parse(R"({"a": ")" + text + R"("})");
  EXPECT_EQ(body.take_bytes("a", body.json["a"]), kBytes);
}

TEST(Body, TakesBlanksAnywhereAndKeepsThoseInTexts) {
  const std::string blanks = repeated(" \t\r\n", kLongestText);
  const Body body = Body::parse(blanks + "{" + blanks + R"("a  b")" + blanks + ":" + blanks + "[1," + blanks +
                                "2]" + blanks + "}");
  EXPECT_EQ(body.json, Json::parse(R"({"a  b": [1, 2]})"));
  EXPECT_THAT(refusal(R"({"a": 1)" + blanks + "2}"), HasSubstr("not valid JSON"));
}

TEST(Body, NamesTheKeyOfALongTextThatIsNoBase64) {
  for (const char* other : {"a dog, ", "\xc3\xa4", "\\u0041", "\\\\"}) {
    Body body = Body::parse(R"({"a": ")" + repeated(other, 2 * kLongestText) + R"("})");
    try {
      (void)body.take_bytes("a", body.json["a"]);
      ADD_FAILURE() << other;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("a: no base64"));
    }
  }
}

TEST(Body, TakesAMarkThatSomebodyWroteForAText) {
  Body body = Body::parse(R"({"a": "<text 0>", "b": "<text 18446744073709551615>", "c": "<text >"})");
  for (const char* key : {"a", "b", "c"}) {
    EXPECT_FALSE(body.is_long(body.json[key]));
    EXPECT_THROW((void)body.take_bytes(key, body.json[key]), Error);
  }
}

TEST(Body, RefusesATextWithoutAnEnd) {
  const std::string text = repeated("a", 2 * kLongestText);
  for (const char* end : {"", "\\", "\\\""})
    EXPECT_THAT(refusal(R"({"a": ")" + text + end), HasSubstr("not valid JSON"));
  EXPECT_THAT(refusal(R"(")" + text + R"(")"), HasSubstr("not a JSON object"));
  EXPECT_THAT(refusal(R"({")" + text + R"(": 1, ")" + text + R"(": 1})"), "");
}

}  // namespace
}  // namespace latentdial::server
