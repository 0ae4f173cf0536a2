#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace latentdial::detail {

using Vocabulary = std::unordered_map<std::string, std::int32_t>;
/// Pairs of tokens in the order in which they were learnt: the earlier, the stronger.
using Merges = std::vector<std::pair<std::string, std::string>>;

/// GPT-2's printable stand-in for each byte (Radford et al. 2019), UTF-8: itself where it is printable
/// Latin-1, else the next free code point from U+0100 on.
[[nodiscard]] const std::array<std::string, 256>& byte_alphabet();
/// The 256 bytes in the order in which CLIP numbers them: the printable ones first.
[[nodiscard]] const std::array<std::uint8_t, 256>& byte_order();

/// Byte-level byte-pair encoding (Sennrich et al. 2016, arXiv 1508.07909) in which a word's last token
/// carries "</w>".
class Bpe {
 public:
  /// `unknown` is the token for bytes that the vocabulary lacks. Throws invalid_input, naming `source`, when
  /// a merge's parts or result are not in the vocabulary.
  Bpe(const Vocabulary& vocabulary, const Merges& merges, const std::string& unknown,
      const std::string& source);

  /// Appends the ids of one word, given as its UTF-8 bytes. O(n log n).
  void encode_word(std::string_view word, std::vector<std::int32_t>& ids) const;
  /// The bytes that a token stands for; "</w>" becomes a space. Empty for an id that is not in the
  /// vocabulary.
  [[nodiscard]] std::string decode(std::int32_t id) const;

 private:
  struct Merge {
    std::int32_t rank;
    std::int32_t id;
  };
  [[nodiscard]] const Merge* find_merge(std::int32_t left, std::int32_t right) const;

  std::unordered_map<std::uint64_t, Merge> merges_;
  std::unordered_map<std::int32_t, std::string> tokens_;
  std::array<std::int32_t, 256> inner_;
  std::array<std::int32_t, 256> final_;
};

}  // namespace latentdial::detail
