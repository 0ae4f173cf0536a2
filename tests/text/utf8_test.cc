#include "text/utf8.h"

#include <gtest/gtest.h>

#include "latentdial/text.h"

namespace latentdial::detail {
namespace {

TEST(Utf8, EncodesWhatItDecodes) {
  const std::string text = "dog é 犬 🐕";
  EXPECT_EQ(decode_utf8(text), U"dog é 犬 🐕");
  EXPECT_EQ(encode_utf8(decode_utf8(text)), text);
  EXPECT_TRUE(decode_utf8("").empty());
}

TEST(Utf8, EncodesTheFirstAndLastOfEachLength) {
  EXPECT_EQ(encode_utf8(U"\x7f"), "\x7f");
  EXPECT_EQ(encode_utf8(U"\u0080\u07ff"), "\xc2\x80\xdf\xbf");
  EXPECT_EQ(encode_utf8(U"\u0800\uffff"), "\xe0\xa0\x80\xef\xbf\xbf");
  EXPECT_EQ(encode_utf8(U"\U00010000\U0010ffff"), "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf");
}

// Unicode 15, table 3-8, and the same bytes in Python: b"…".decode(errors="replace").
TEST(Utf8, EachLongestBrokenPartIsOneReplacement) {
  EXPECT_EQ(decode_utf8("a\xf1\x80\x80\xe1\x80\xc2"
                        "b\x80"
                        "c\x80\xbf"
                        "d"),
            U"a\ufffd\ufffd\ufffdb\ufffdc\ufffd\ufffdd");
  EXPECT_EQ(decode_utf8("\xc0\xaf"), U"\ufffd\ufffd") << "overlong";
  EXPECT_EQ(decode_utf8("\xed\xa0\x80"), U"\ufffd\ufffd\ufffd") << "surrogate";
  EXPECT_EQ(decode_utf8("\xf4\x90\x80\x80"), U"\ufffd\ufffd\ufffd\ufffd") << "past the last";
  EXPECT_EQ(decode_utf8("\xe2\x82"), U"\ufffd") << "cut";
}

TEST(Utf8, KnowsWhatIsBroken) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("犬 \xed\x9f\xbf \xf4\x8f\xbf\xbf"));
  for (const char* broken : {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80",
                             "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "a\xe2\x82"})
    EXPECT_FALSE(is_utf8(broken));
}

TEST(Utf8, ReadsLatin1WhereItIsNoUtf8) {
  EXPECT_EQ(utf8_or_latin1("caf\xc3\xa9"), "caf\xc3\xa9");
  EXPECT_EQ(utf8_or_latin1("caf\xe9"), "caf\xc3\xa9");
}

TEST(Utf8, APrefixEndsBetweenCharacters) {
  EXPECT_EQ(utf8_prefix("aé犬", 2), "a");
  EXPECT_EQ(utf8_prefix("aé犬", 3), "aé");
  EXPECT_EQ(utf8_prefix("aé犬", 100), "aé犬");
}

TEST(Utf8, EachByteThatBelongsToNoCharacterIsReplaced) {
  EXPECT_EQ(valid_utf8("犬 dog"), "犬 dog");
  EXPECT_EQ(valid_utf8("a\xff\xe2\x82 b"), "a\ufffd\ufffd\ufffd b");
}

TEST(Utf8, ShortensBetweenCharacters) {
  EXPECT_EQ(shortened("Monet style"), "Monet style");
  EXPECT_EQ(shortened(std::string(40, 'a')), std::string(40, 'a'));
  EXPECT_EQ(shortened(std::string(41, 'a')), std::string(40, 'a') + "…");
  EXPECT_EQ(shortened("水彩画", 2), "水彩…");
  EXPECT_EQ(shortened("", 2), "");
}

}  // namespace
}  // namespace latentdial::detail
