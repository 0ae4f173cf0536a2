#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "prompt/added_tokens.h"
#include "prompt/bpe.h"

namespace latentdial::detail {

/// Everything that a tokenizer is made of.
struct TokenizerParts {
  std::string source;  ///< The file that errors name.
  Vocabulary vocabulary;
  Merges merges;
  std::string start = "<|startoftext|>";
  std::string end = "<|endoftext|>";
  std::string unknown = "<|endoftext|>";
  std::string pad = "<|endoftext|>";
  /// Cut out of the text whole. All are in the vocabulary, whose last ids are theirs when the file did not
  /// have them.
  std::vector<AddedToken> added;
  std::int64_t max_length = 77;
};

/// A `tokenizer` folder as transformers 5 reads it: vocab.json and merges.txt (or tokenizer.json where there
/// is one), tokenizer_config.json, special_tokens_map.json, added_tokens.json. Throws invalid_input.
[[nodiscard]] TokenizerParts read_tokenizer_folder(const std::filesystem::path& dir);

/// OpenAI's merge list: 256 bytes, 256 bytes that end a word, 48,894 merges, and the two special tokens.
[[nodiscard]] TokenizerParts read_standard_clip(const std::filesystem::path& bpe_simple_vocab_gz,
                                                std::string pad);

/// Gives `token` the id that its content has in the vocabulary, or a new one at its end, and puts it in
/// `parts.added` in place of an equal one.
void add_token(TokenizerParts& parts, const std::string& content, AddedToken token);

}  // namespace latentdial::detail
