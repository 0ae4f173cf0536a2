// Merges go by strength, and of equal ones the leftmost goes first; the ids are those of transformers'
// CLIPTokenizer.

#include "prompt/bpe.h"

#include <gtest/gtest.h>

namespace latentdial::detail {
namespace {

const Bpe& overlapping() {
  static const Bpe made({{"a", 0},
                         {"b", 1},
                         {"a</w>", 2},
                         {"b</w>", 3},
                         {"aa", 4},
                         {"aaa", 5},
                         {"ab</w>", 6},
                         {"<|endoftext|>", 8}},
                        {{"a", "a"}, {"aa", "a"}, {"a", "b</w>"}}, "<|endoftext|>", "a test");
  return made;
}

std::vector<std::int32_t> encode(std::string_view word) {
  std::vector<std::int32_t> ids;
  overlapping().encode_word(word, ids);
  return ids;
}

using Ids = std::vector<std::int32_t>;

TEST(Bpe, MergesTheLeftmostOfEqualPairs) {
  EXPECT_EQ(encode("aaab"), (Ids{5, 3}));
  EXPECT_EQ(encode("aaaab"), (Ids{4, 4, 3}));
  EXPECT_EQ(encode("aaaaab"), (Ids{4, 5, 3}));
}

TEST(Bpe, MergesTheStrongerPairFirst) {
  EXPECT_EQ(encode("aab"), (Ids{4, 3}));
  EXPECT_EQ(encode("ab"), Ids{6});
}

TEST(Bpe, GivesTheUnknownTokenForABytePastTheVocabulary) {
  EXPECT_EQ(encode("zb"), (Ids{8, 3}));
}

TEST(Bpe, TakesAnEmptyWord) {
  EXPECT_EQ(encode(""), Ids{});
}

TEST(Bpe, EndsAWordWithASpaceWhenDecoded) {
  EXPECT_EQ(overlapping().decode(6), "ab ");
  EXPECT_EQ(overlapping().decode(5), "aaa");
  EXPECT_EQ(overlapping().decode(999), "");
}

}  // namespace
}  // namespace latentdial::detail
