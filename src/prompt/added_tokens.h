#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace latentdial::detail {

/// A token that is cut out of the text as a whole, before byte-pair encoding: <|endoftext|>, a learnt
/// concept. The flags are those of Hugging Face's AddedToken.
struct AddedToken {
  std::u32string content;
  std::int32_t id = 0;
  bool normalized = false;   ///< Looked for in the normalised text, not in the text as written.
  bool single_word = false;  ///< Only where no word character touches it.
  bool lstrip = false;       ///< Takes the white space before it along.
  bool rstrip = false;       ///< Takes the white space after it along.
};

/// A stretch of the text: an added token, or (id < 0) text between them.
struct Piece {
  std::u32string text;
  std::int32_t id = -1;
};

/// Cuts a text at the added tokens in it; of several that start at one place the longest counts.
class AddedTokens {
 public:
  /// All tokens must have the same `normalized`.
  explicit AddedTokens(std::vector<AddedToken> tokens);
  [[nodiscard]] std::vector<Piece> split(std::u32string_view text) const;

 private:
  [[nodiscard]] const AddedToken* match(std::u32string_view text, std::size_t at) const;

  std::map<char32_t, std::vector<AddedToken>> by_first_;  ///< Longest first.
};

}  // namespace latentdial::detail
