#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace latentdial::detail {

/// `<lora:NAME:SCALE>` of a prompt.
struct LoraTag {
  std::string name;
  double scale = 1;
  friend bool operator==(const LoraTag&, const LoraTag&) = default;
};

/// A prompt without its tags, and these in their order.
struct TaggedPrompt {
  std::string text;
  std::vector<LoraTag> loras;
};

/// Takes the tags of A1111's web UI out of a prompt: `<lora:NAME>`, whose scale is 1, `<lora:NAME:SCALE>`,
/// and the same with `lyco`. Throws invalid_input of "prompt" for one that is not closed, has no name,
/// another scale than from −100 to 100, or more than that (a scale of the text encoder's own), for more than
/// 16, and for `<hypernet:…>`.
[[nodiscard]] TaggedPrompt take_lora_tags(std::string_view prompt);

}  // namespace latentdial::detail
