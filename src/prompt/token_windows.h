#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "prompt/emphasis.h"
#include "prompt/learnt_words.h"
#include "prompt/tokenizer.h"

namespace latentdial::detail {

/// One window of the text encoder.
struct TokenWindow {
  std::vector<std::int32_t> ids;  ///< start, tokens, end, padding.
  std::vector<float> weights;     ///< Of each id; 1 but for emphasised words.
  std::int64_t tokens = 0;        ///< How many are the prompt's: they follow the start token.
};

/// Cuts an emphasised prompt into windows of `length` tokens, as A1111's web UI does: a phrase that a
/// window's end would cut within 20 tokens of a comma moves to the next one as a whole, and so does a learnt
/// word. At least one window. Throws invalid_input for more than 64.
[[nodiscard]] std::vector<TokenWindow> token_windows(const Tokenizer& tokenizer, const LearntWords& learnt,
                                                     std::span<const EmphasisedText> prompt,
                                                     std::int64_t length);

}  // namespace latentdial::detail
