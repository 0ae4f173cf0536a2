#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "dial/method.h"
#include "latentdial/settings.h"
#include "models/clip_text.h"
#include "ops/ops.h"
#include "prompt/learnt_words.h"
#include "prompt/tokenizer.h"

namespace latentdial {

/// How a prompt's text is read.
enum class PromptSyntax {
  a1111,    ///< Emphasis, BREAK and learnt words; as many windows as it takes.
  literal,  ///< Every character is text, and one window holds what fits: what diffusers does.
};

[[nodiscard]] inline PromptSyntax syntax_of(const Settings& settings) {
  return settings.plain_prompt ? PromptSyntax::literal : PromptSyntax::a1111;
}

/// The prompt followed by a suffix as ", Monet style", or where there is no prompt by its words alone.
[[nodiscard]] std::string joined(const std::string& prompt, const std::string& suffix);

/// Prompts to text states. The latest are remembered: a sweep asks for the same again.
class PromptEncoder {
 public:
  PromptEncoder(const Tokenizer& tokenizer, const models::ClipText& text_encoder, const ops::Backend& ops,
                LearntWords learnt);

  /// The states of a text that is the same at every step; adds a line to `notices` when words did not fit.
  [[nodiscard]] EncodedPrompt encode(const std::string& text, PromptSyntax syntax,
                                     std::vector<std::string>& notices);

  /// The most windows that a prompt of these settings takes. Throws invalid_input for more than 64.
  [[nodiscard]] std::size_t windows_of(const Settings& settings) const;
  /// Where among the prompt's text states some of its words are; `words` are parted by commas. Throws
  /// invalid_input naming words that the prompt does not hold.
  [[nodiscard]] std::vector<std::int64_t> places_of(const std::string& words, const Settings& settings) const;
  /// Tokens of the text encoder's window, start and end included.
  [[nodiscard]] std::int64_t window() const;

 private:
  struct Known {
    std::string text;
    PromptSyntax syntax;
    EncodedPrompt encoded;
    std::string notice;  ///< What to tell the user about it.
  };
  /// The token ids of the prompt's windows, one after the other.
  [[nodiscard]] std::vector<std::int32_t> ids_of(const Settings& settings) const;
  [[nodiscard]] Known encode_literally(const std::string& text) const;
  [[nodiscard]] Known encode_emphasised(const std::string& text) const;

  const Tokenizer* tokenizer_;
  const models::ClipText* text_encoder_;
  const ops::Backend* ops_;
  LearntWords learnt_;
  std::deque<Known> known_;
};

}  // namespace latentdial
