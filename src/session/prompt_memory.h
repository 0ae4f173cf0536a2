#pragma once

#include <deque>
#include <string>
#include <vector>

#include "model/text_reader.h"

namespace latentdial::detail {

/// Prompts and what they are to the denoiser. The latest are remembered: a sweep asks for the same again.
class PromptMemory {
 public:
  explicit PromptMemory(const TextReader& reader) : reader_(&reader) {}

  /// Of a text that is the same at every step; adds a line to `notices` when words did not fit.
  [[nodiscard]] EncodedPrompt encode(const std::string& text, PromptSyntax syntax,
                                     std::vector<std::string>& notices);

 private:
  struct Entry {
    std::string text;
    PromptSyntax syntax;
    ReadText read;
  };
  const TextReader* reader_;
  std::deque<Entry> entries_;
};

}  // namespace latentdial::detail
