#include "prompt/learnt_words.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>

namespace latentdial::detail {

void LearntWords::add(std::vector<std::int32_t> tokens, std::int32_t first, std::int32_t vectors) {
  Word word{std::move(tokens), std::vector<std::int32_t>(static_cast<std::size_t>(vectors))};
  std::iota(word.rows.begin(), word.rows.end(), first);
  const auto shorter = std::find_if(words_.begin(), words_.end(), [&](const Word& other) {
    return other.tokens.size() < word.tokens.size();
  });
  words_.insert(shorter, std::move(word));
}

std::vector<std::vector<std::int32_t>> LearntWords::find(const std::vector<std::int32_t>& ids) const {
  std::vector<std::vector<std::int32_t>> found;
  for (std::size_t at = 0; at < ids.size();) {
    const auto rest = ids.size() - at;
    const auto word = std::find_if(words_.begin(), words_.end(), [&](const Word& candidate) {
      return candidate.tokens.size() <= rest && std::equal(candidate.tokens.begin(), candidate.tokens.end(),
                                                           ids.begin() + static_cast<std::ptrdiff_t>(at));
    });
    if (word == words_.end()) {
      found.push_back({ids[at++]});
    } else {
      found.push_back(word->rows);
      at += word->tokens.size();
    }
  }
  return found;
}

}  // namespace latentdial::detail
