#include "prompt/lora_tags.h"

#include <array>
#include <cmath>

#include "latentdial/text.h"
#include "text/require.h"
#include "text/words.h"

namespace latentdial::detail {
namespace {

constexpr double kLargestScale = 100;
constexpr std::size_t kMostTags = 16;

/// "NAME" or "NAME:SCALE"; `tag` is all of it, for messages.
LoraTag read_tag(std::string_view inside, std::string_view tag) {
  const auto colon = inside.find(':');
  LoraTag read{std::string(trimmed(inside.substr(0, colon)))};
  require(!read.name.empty(), "prompt", "{} names no LoRA; write <lora:NAME:0.8>", printable(tag));
  if (colon == std::string_view::npos) return read;
  const std::string number(trimmed(inside.substr(colon + 1)));
  require(read_number(number, read.scale) && std::abs(read.scale) <= kLargestScale, "prompt",
          "{}: {} is not one scale from -{} to {}, as in <lora:NAME:0.8>", printable(tag), printable(number),
          kLargestScale, kLargestScale);
  return read;
}

}  // namespace

TaggedPrompt take_lora_tags(std::string_view prompt) {
  constexpr std::array<std::string_view, 2> kStarts = {"<lora:", "<lyco:"};
  require(prompt.find("<hypernet:") == std::string_view::npos, "prompt",
          "<hypernet:…> names a hypernetwork, which is not supported");
  TaggedPrompt result;
  while (!prompt.empty()) {
    std::size_t start = std::string_view::npos;
    for (const std::string_view text : kStarts) start = std::min(start, prompt.find(text));
    result.text.append(prompt.substr(0, start));
    if (start == std::string_view::npos) break;
    const auto end = prompt.find('>', start);
    const std::string_view tag = prompt.substr(start, end == std::string_view::npos ? end : end + 1 - start);
    require(end != std::string_view::npos, "prompt", "{} is not closed; write <lora:NAME:0.8>",
            printable(tag));
    const std::size_t name = kStarts.front().size();
    result.loras.push_back(read_tag(tag.substr(name, tag.size() - name - 1), tag));
    require(result.loras.size() <= kMostTags, "prompt", "it names more than {} LoRAs", kMostTags);
    prompt.remove_prefix(end + 1);
  }
  return result;
}

}  // namespace latentdial::detail
