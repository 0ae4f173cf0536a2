#include "session/prompt_memory.h"

#include <algorithm>
#include <cstddef>

namespace latentdial::detail {
namespace {

constexpr std::size_t kMostPrompts = 64;

}  // namespace

EncodedPrompt PromptMemory::encode(const std::string& text, PromptSyntax syntax,
                                   std::vector<std::string>& notices) {
  auto known = std::ranges::find_if(
      entries_, [&](const Entry& entry) { return entry.text == text && entry.syntax == syntax; });
  if (known == entries_.end()) {
    Entry made{text, syntax, reader_->read(text, syntax)};
    if (entries_.size() == kMostPrompts) entries_.pop_front();
    known = entries_.insert(entries_.end(), std::move(made));
  }
  const std::string& notice = known->read.notice;
  if (!notice.empty() && std::ranges::find(notices, notice) == notices.end()) notices.push_back(notice);
  return known->read.encoded;
}

}  // namespace latentdial::detail
