#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "latentdial/error.h"
#include "latentdial/parameters.h"
#include "model/lora_folder.h"
#include "prompt/lora_tags.h"
#include "task/lora_hashes.h"
#include "text/words.h"

namespace latentdial {

using namespace detail;
namespace {

/// The prompt with the tags of one LoRA naming another.
std::string renamed(std::string prompt, const std::string& from, const std::string& to) {
  for (const char* start : {"<lora:", "<lyco:"}) {
    const std::string tag = start + from;
    for (auto at = prompt.find(tag); at != std::string::npos; at = prompt.find(tag, at + 1)) {
      const auto end = at + tag.size();
      if (end < prompt.size() && (prompt[end] == ':' || prompt[end] == '>'))
        prompt.replace(at, tag.size(), start + to);
    }
  }
  return prompt;
}

}  // namespace

std::vector<LoraHash> detail::read_lora_hashes(const std::string& value) {
  std::vector<LoraHash> list;
  for (const auto one : split(value, ',')) {
    const auto colon = one.rfind(':');
    const auto hash = colon == std::string_view::npos ? std::string_view() : one.substr(colon + 1);
    list.push_back({std::string(trimmed(one.substr(0, colon))), std::string(trimmed(hash))});
  }
  return list;
}

bool detail::names_loras(const Settings& settings, const std::string& value) {
  std::vector<LoraTag> tags;
  try {
    tags = take_lora_tags(settings.prompt).loras;
    for (LoraTag& tag : read_loras(settings.loras)) tags.push_back(std::move(tag));
    if (auto style = lora_of_style(without_folder(settings.style))) tags.push_back(std::move(*style));
  } catch (const Error&) {  // A tag that cannot be read is refused where the picture is made.
  }
  return std::ranges::all_of(read_lora_hashes(value), [&](const LoraHash& lora) {
    return std::ranges::find(tags, lora.name, &LoraTag::name) != tags.end();
  });
}

SoughtLoras seek_loras(const std::string& text, const std::string& lora_dir) {
  SoughtLoras sought{parse_parameters(text).prompt};
  if (lora_dir.empty()) return sought;
  LoraFolder folder(lora_dir);
  for (const NamedText& setting : list_parameters(text)) {
    if (setting.key != kLoraHashes) continue;
    for (const auto& [name, hash] : read_lora_hashes(setting.value)) {
      if (hash.empty()) continue;
      const std::string here = folder.hash_of(name);
      if (!here.empty() && here != hash)
        sought.notices.push_back(fmt::format("the LoRA {} here is another file than the one of then ({})",
                                             printable(name), printable(hash)));
      const std::string other = here.empty() ? folder.name_of(hash) : "";
      std::string prompt = other.empty() ? sought.prompt : renamed(sought.prompt, name, other);
      if (prompt == sought.prompt) continue;
      sought.prompt = std::move(prompt);
      sought.notices.push_back(
          fmt::format("the LoRA {} is {} here, by its hash", printable(name), printable(other)));
    }
  }
  return sought;
}

}  // namespace latentdial
