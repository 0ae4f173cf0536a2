#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace latentdial::detail {

/// A prompt as the CLIP text encoder reads it.
struct Encoding {
  /// Exactly `max_length` ids: <|startoftext|>, the prompt, <|endoftext|>, then the pad token.
  std::vector<std::int32_t> ids;
  /// How many of `ids` are the prompt's own tokens (neither start, end nor padding).
  std::int64_t prompt_tokens = 0;
  /// The end of the prompt that did not fit, decoded from its tokens (lower-cased); empty when all fits.
  std::string dropped_text;
};

/// The byte-level BPE of CLIP (Radford et al. 2021, arXiv 2103.00020, section 2.4), equal to `CLIPTokenizer`
/// of transformers 5. Immutable after construction, so one object may serve several threads; copies
/// share what they know.
class Tokenizer {
 public:
  /// Reads vocab.json, merges.txt and, where they exist, tokenizer_config.json (`model_max_length`, the
  /// special tokens as strings or objects, `added_tokens_decoder`) and special_tokens_map.json of a model's
  /// `tokenizer` folder. Throws invalid_input that names the file and what is wrong in it.
  static Tokenizer from_folder(const std::filesystem::path& dir);

  /// The 49,408-token vocabulary of every Stable Diffusion v1 and v2 checkpoint, from the merge list
  /// bpe_simple_vocab_16e6.txt.gz (see find_standard_vocabulary). v1 pads with <|endoftext|>, v2 with "!".
  static Tokenizer standard_clip(const std::filesystem::path& bpe_simple_vocab_gz,
                                 std::string pad_token = "<|endoftext|>");

  /// `text` is UTF-8; each broken sequence counts as U+FFFD, as Python's `errors="replace"` makes it.
  /// A `max_length_override` of 0 means max_length(); below 2 is an invalid_input. Linear-logarithmic in the
  /// text's length.
  [[nodiscard]] Encoding encode(std::string_view text, std::int64_t max_length_override = 0) const;

  /// The ids of a text by themselves, however many: neither start, end nor padding.
  [[nodiscard]] std::vector<std::int32_t> tokenize(std::string_view text) const;
  /// <|startoftext|>, `tokens`, <|endoftext|> and padding: `length` ids. Throws invalid_input where they do
  /// not fit.
  [[nodiscard]] std::vector<std::int32_t> window(const std::vector<std::int32_t>& tokens,
                                                 std::int64_t length) const;

  /// Tokens per prompt, start and end included; 77 for CLIP.
  [[nodiscard]] std::int64_t max_length() const;
  [[nodiscard]] std::int64_t vocab_size() const;
  /// Of the vocabulary, the merges and the special tokens, wherever they were read from.
  [[nodiscard]] std::uint64_t hash() const;

 private:
  struct State;
  explicit Tokenizer(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

}  // namespace latentdial::detail
