#include "prompt/lora_tags.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "latentdial/text.h"
#include "text/require.h"
#include "text/words.h"

namespace latentdial::detail {
namespace {

constexpr double kLargestScale = 100;
constexpr std::size_t kMostTags = 16;
constexpr std::string_view kStyleStart = "lora:";

double read_scale(std::string_view text, const char* field, std::string_view tag, const char* as_in) {
  const std::string number(trimmed(text));
  double scale = 1;
  require(read_number(number, scale) && std::abs(scale) <= kLargestScale, field,
          "{}: {} is not one scale from -{} to {}, as in {}", printable(tag), printable(number),
          kLargestScale, kLargestScale, as_in);
  return scale;
}

/// "NAME" or "NAME:SCALE"; `tag` is all of it, for messages.
LoraTag read_tag(std::string_view inside, const char* field, std::string_view tag, const char* as_in) {
  const auto colon = inside.find(':');
  LoraTag read{std::string(trimmed(inside.substr(0, colon)))};
  require(!read.name.empty(), field, "{} names no LoRA; write {}", printable(tag), as_in);
  if (colon != std::string_view::npos) read.scale = read_scale(inside.substr(colon + 1), field, tag, as_in);
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
    result.loras.push_back(
        read_tag(tag.substr(name, tag.size() - name - 1), "prompt", tag, "<lora:NAME:0.8>"));
    require(result.loras.size() <= kMostTags, "prompt", "it names more than {} LoRAs", kMostTags);
    prompt.remove_prefix(end + 1);
  }
  return result;
}

std::vector<LoraTag> read_loras(std::string_view loras) {
  std::vector<LoraTag> list;
  if (is_blank(loras)) return list;
  for (const auto one : split(loras, ',')) list.push_back(read_tag(one, "loras", one, "NAME:0.8"));
  require(list.size() <= kMostTags, "loras", "it names more than {} LoRAs", kMostTags);
  return list;
}

std::optional<LoraTag> lora_of_style(std::string_view style) {
  if (!trimmed(style).starts_with(kStyleStart)) return std::nullopt;
  const std::string_view rest = trimmed(style).substr(kStyleStart.size());
  const auto colon = rest.rfind(':');  // A file may have more in its own name.
  const bool has_scale = colon != std::string_view::npos && !names_file({std::string(rest.substr(colon))});
  LoraTag lora{std::string(trimmed(has_scale ? rest.substr(0, colon) : rest))};
  require(!lora.name.empty(), "style", "{} names no LoRA; write lora:NAME", printable(style));
  if (has_scale) lora.scale = read_scale(rest.substr(colon + 1), "style", style, "lora:NAME:0.8");
  return lora;
}

std::string without_folder(std::string_view style) {
  std::string text(style);
  if (!trimmed(style).starts_with(kStyleStart)) return text;
  if (const auto slash = text.rfind('/'); slash != std::string::npos)
    text = std::string(kStyleStart) + text.substr(slash + 1);
  for (const std::string_view ending : lora_endings()) {
    const auto at = text.rfind(ending);
    const auto end = at == std::string::npos ? at : at + ending.size();
    if (end <= text.size() && (end == text.size() || text[end] == ':')) text.erase(at, ending.size());
  }
  return text;
}

bool names_file(const LoraTag& lora) {
  const std::string& name = lora.name;
  return name.find('/') != std::string::npos ||
         std::ranges::any_of(lora_endings(), [&](auto ending) { return name.ends_with(ending); });
}

std::span<const std::string_view> lora_endings() {
  static constexpr std::array<std::string_view, 4> kEndings = {".safetensors", ".pt", ".ckpt", ".bin"};
  return kEndings;
}

}  // namespace latentdial::detail
