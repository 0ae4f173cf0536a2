#include "prompt/added_tokens.h"

#include <algorithm>
#include <utility>

#include "prompt/unicode.h"

namespace latentdial::detail {
namespace {

bool stands_alone(std::u32string_view text, std::size_t begin, std::size_t end) {
  return (begin == 0 || !is_word(text[begin - 1])) && (end == text.size() || !is_word(text[end]));
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens) {
  for (AddedToken& token : tokens) {
    if (!token.content.empty()) by_first_[token.content.front()].push_back(std::move(token));
  }
  for (auto& [first, same_start] : by_first_) {
    std::stable_sort(same_start.begin(), same_start.end(),
                     [](const auto& a, const auto& b) { return a.content.size() > b.content.size(); });
  }
}

const AddedToken* AddedTokens::match(std::u32string_view text, std::size_t at) const {
  const auto same_start = by_first_.find(text[at]);
  if (same_start == by_first_.end()) return nullptr;
  const auto found = std::find_if(
      same_start->second.begin(), same_start->second.end(),
      [&](const AddedToken& token) { return text.substr(at, token.content.size()) == token.content; });
  return found == same_start->second.end() ? nullptr : &*found;
}

std::vector<Piece> AddedTokens::split(std::u32string_view text) const {
  std::vector<Piece> pieces;
  std::size_t done = 0;
  for (std::size_t i = 0; i < text.size();) {
    const AddedToken* token = match(text, i);
    if (token == nullptr) {
      ++i;
      continue;
    }
    std::size_t begin = i;
    std::size_t end = i + token->content.size();
    i = end;
    if (token->single_word && !stands_alone(text, begin, end)) continue;
    while (token->lstrip && begin > done && is_space(text[begin - 1])) --begin;
    while (token->rstrip && end < text.size() && is_space(text[end])) ++end;
    if (done < begin) pieces.push_back({std::u32string(text.substr(done, begin - done)), -1});
    pieces.push_back({std::u32string(token->content), token->id});
    done = end;
    i = std::max(i, end);
  }
  if (done < text.size()) pieces.push_back({std::u32string(text.substr(done)), -1});
  return pieces;
}

}  // namespace latentdial::detail
