#include "prompt/bpe.h"

#include <fmt/format.h>

#include <algorithm>
#include <queue>

#include "latentdial/error.h"
#include "text/utf8.h"

namespace latentdial::detail {
namespace {

constexpr std::string_view kWordEnd = "</w>";

bool is_printable(int byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || (byte >= 0xAE && byte <= 0xFF);
}

std::uint64_t pair_key(std::int32_t left, std::int32_t right) {
  return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 |
         static_cast<std::uint32_t>(right);
}

// A piece of the word while it grows; merged-away pieces have length 0.
struct Symbol {
  std::int32_t id;
  std::int32_t previous;
  std::int32_t next;
  bool alive;
};

// Two neighbours that could merge into `id`. The strongest is first, of equals the leftmost.
struct Candidate {
  std::int32_t rank;
  std::int32_t position;
  std::int32_t id;
  bool operator<(const Candidate& other) const {
    return std::pair(rank, position) > std::pair(other.rank, other.position);
  }
};

}  // namespace

const std::array<std::string, 256>& byte_alphabet() {
  static const auto kAlphabet = [] {
    std::array<std::string, 256> alphabet;
    char32_t next = 0x100;
    for (int byte = 0; byte < 256; ++byte) {
      const char32_t stand_in = is_printable(byte) ? static_cast<char32_t>(byte) : next++;
      alphabet[static_cast<std::size_t>(byte)] = encode_utf8({&stand_in, 1});
    }
    return alphabet;
  }();
  return kAlphabet;
}

const std::array<std::uint8_t, 256>& byte_order() {
  static const auto kOrder = [] {
    std::array<std::uint8_t, 256> order;
    for (int byte = 0; byte < 256; ++byte) {
      order[static_cast<std::size_t>(byte)] = static_cast<std::uint8_t>(byte);
    }
    std::stable_partition(order.begin(), order.end(), is_printable);
    return order;
  }();
  return kOrder;
}

Bpe::Bpe(const Vocabulary& vocabulary, const Merges& merges, const std::string& unknown,
         const std::string& source) {
  const auto find = [&](const std::string& token, std::int32_t otherwise) {
    const auto found = vocabulary.find(token);
    return found == vocabulary.end() ? otherwise : found->second;
  };
  for (const auto& [token, id] : vocabulary) tokens_.emplace(id, token);
  const std::int32_t unknown_id = find(unknown, -1);
  for (std::size_t byte = 0; byte < 256; ++byte) {
    inner_[byte] = find(byte_alphabet()[byte], unknown_id);
    final_[byte] = find(byte_alphabet()[byte] + std::string(kWordEnd), unknown_id);
  }
  merges_.reserve(merges.size());
  for (std::size_t rank = 0; rank < merges.size(); ++rank) {
    const auto& [left, right] = merges[rank];
    for (const std::string& token : {left, right, left + right}) {
      if (!vocabulary.contains(token)) {
        throw invalid_input(
            fmt::format("{}: merge {} ({:?} {:?}) needs the token {:?}, which the vocabulary lacks", source,
                        rank + 1, left.substr(0, 60), right.substr(0, 60), token.substr(0, 60)));
      }
    }
    merges_[pair_key(find(left, -1), find(right, -1))] = {static_cast<std::int32_t>(rank),
                                                          find(left + right, -1)};
  }
}

const Bpe::Merge* Bpe::find_merge(std::int32_t left, std::int32_t right) const {
  const auto found = merges_.find(pair_key(left, right));
  return found == merges_.end() ? nullptr : &found->second;
}

void Bpe::encode_word(std::string_view word, std::vector<std::int32_t>& ids) const {
  const auto count = static_cast<std::int32_t>(word.size());
  std::vector<Symbol> symbols;
  for (std::int32_t i = 0; i < count; ++i) {
    const auto byte = static_cast<std::uint8_t>(word[static_cast<std::size_t>(i)]);
    const bool last = i + 1 == count;
    symbols.push_back({last ? final_[byte] : inner_[byte], i - 1, last ? -1 : i + 1, true});
  }
  const auto at = [&](std::int32_t i) -> Symbol& { return symbols[static_cast<std::size_t>(i)]; };

  std::priority_queue<Candidate> candidates;
  const auto propose = [&](std::int32_t left) {
    if (left < 0 || at(left).next < 0) return;
    if (const Merge* merge = find_merge(at(left).id, at(at(left).next).id)) {
      candidates.push({merge->rank, left, merge->id});
    }
  };
  for (std::int32_t i = 0; i < count; ++i) propose(i);
  while (!candidates.empty()) {
    const Candidate best = candidates.top();
    candidates.pop();
    Symbol& left = at(best.position);
    if (!left.alive || left.next < 0) continue;
    Symbol& right = at(left.next);
    // The neighbours may have changed since this was proposed.
    const Merge* merge = find_merge(left.id, right.id);
    if (merge == nullptr || merge->id != best.id) continue;
    left.id = best.id;
    left.next = right.next;
    right.alive = false;
    if (left.next >= 0) at(left.next).previous = best.position;
    propose(left.previous);
    propose(best.position);
  }
  for (const Symbol& symbol : symbols) {
    if (symbol.alive && symbol.id >= 0) ids.push_back(symbol.id);
  }
}

std::string Bpe::decode(std::int32_t id) const {
  static const auto kBytes = [] {
    std::unordered_map<std::string, char> bytes;
    for (std::size_t byte = 0; byte < 256; ++byte) {
      bytes.emplace(byte_alphabet()[byte], static_cast<char>(byte));
    }
    return bytes;
  }();
  const auto found = tokens_.find(id);
  if (found == tokens_.end()) return {};
  std::string_view token = found->second;
  const bool ends_word = token.ends_with(kWordEnd);
  if (ends_word) token.remove_suffix(kWordEnd.size());
  std::string bytes;
  for (const char32_t c : decode_utf8(token)) {
    const auto byte = kBytes.find(encode_utf8({&c, 1}));
    if (byte != kBytes.end()) bytes.push_back(byte->second);
  }
  return ends_word ? bytes + ' ' : bytes;
}

}  // namespace latentdial::detail
