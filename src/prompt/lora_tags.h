#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace latentdial::detail {

/// A LoRA that a picture names: `<lora:NAME:SCALE>` of its prompt, or as another setting has it.
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

/// Those of Settings::loras, "NAME:SCALE, NAME". Throws invalid_input of "loras" as above.
[[nodiscard]] std::vector<LoraTag> read_loras(std::string_view loras);

/// The LoRA of a style "lora:NAME", "lora:FILE", or these with ":SCALE"; nothing of a style in words. Throws
/// invalid_input of "style" where it has no name or another scale than from −100 to 100.
[[nodiscard]] std::optional<LoraTag> lora_of_style(std::string_view style);

/// Such a style by the file's name alone, without folder and ending; a style in words as it is.
[[nodiscard]] std::string without_folder(std::string_view style);

/// Whether the name is that of a file: one with a folder, or with the ending of such files.
[[nodiscard]] bool names_file(const LoraTag& lora);

/// How files of LoRAs end.
[[nodiscard]] std::span<const std::string_view> lora_endings();

}  // namespace latentdial::detail
