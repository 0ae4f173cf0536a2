#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "dial/method.h"
#include "models/clip_text.h"
#include "ops/ops.h"
#include "prompt/learnt_words.h"
#include "prompt/token_windows.h"
#include "prompt/tokenizer.h"

namespace latentdial::detail {

/// How a prompt's text is read.
enum class PromptSyntax {
  a1111,    ///< Emphasis, BREAK and learnt words; as many windows as it takes.
  literal,  ///< Every character is text, and one window holds what fits: what diffusers does.
};

/// What a text is to the denoiser, and a line for the user where words did not fit.
struct ReadText {
  EncodedPrompt encoded;
  std::string notice;
};

/// A text encoder with its tokenizer.
struct TextEncoder {
  Tokenizer tokenizer;
  models::ClipText model;
  LearntWords learnt = {};
};

/// Prompts that are the same at every step, read by one text encoder, or by several that each read all of
/// them: the states of a token are then what each has of it, side by side, and the summary of an encoder
/// that makes one is the condition's vector. Of a prompt of several windows that is the first's.
class TextReader {
 public:
  /// The first one's tokenizer says how a prompt is cut into windows.
  TextReader(std::vector<TextEncoder> encoders, const ops::Backend& ops);

  /// `clip_skip` is Settings::clip_skip, at most `most_clip_skip`.
  [[nodiscard]] ReadText read(const std::string& text, PromptSyntax syntax, int clip_skip = 1) const;
  [[nodiscard]] int most_clip_skip() const;
  /// How many windows of the text encoder a text takes. One that changes with the steps is at no step longer
  /// than it is written. Throws invalid_input when that is more than a prompt may have.
  [[nodiscard]] std::size_t windows(const std::string& text, PromptSyntax syntax) const;
  /// Where `words`, parted by commas, stand among the tokens of a prompt. Throws invalid_input of `field` for
  /// words that it does not say.
  [[nodiscard]] std::vector<std::int64_t> places_of(const char* field, const std::string& words,
                                                    const std::string& prompt, PromptSyntax syntax) const;
  /// The same where the prompt is the words, as they stand. Throws invalid_input where one window does not
  /// hold them.
  [[nodiscard]] std::vector<std::int64_t> places_of(const char* field, const std::string& words) const;
  /// Tokens of one window, start and end included.
  [[nodiscard]] std::int64_t window() const;
  /// Of a token's states, and of the vector; 0 where there is none.
  [[nodiscard]] std::int64_t states_width() const;
  [[nodiscard]] std::int64_t summary_width() const;

 private:
  [[nodiscard]] const Tokenizer& tokenizer() const { return encoders_.front().tokenizer; }
  [[nodiscard]] std::vector<TokenWindow> windows_of(const TextEncoder& encoder, const std::string& text,
                                                    PromptSyntax syntax) const;
  /// What one encoder has of a text.
  [[nodiscard]] Condition read_by(const TextEncoder& encoder, const std::vector<TokenWindow>& windows,
                                  int clip_skip) const;

  std::vector<TextEncoder> encoders_;
  const ops::Backend* ops_;
};

}  // namespace latentdial::detail
