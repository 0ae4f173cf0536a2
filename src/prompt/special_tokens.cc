#include "prompt/special_tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "latentdial/error.h"

namespace latentdial::detail {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxAdded = 10'000;  // Each is compared with all others.

// A special token as a file names it: a bare string, or with its flags.
struct Named {
  std::string content;
  bool bare = true;
  AddedToken flags;
};

bool flag(const json& token, const std::string& key, bool otherwise) {
  const json& value = member(token, key);
  return value.is_boolean() ? value.get<bool>() : otherwise;
}

Named read_token(const json& value, const std::string& what, bool special) {
  if (value.is_string()) return {value.get<std::string>(), true, {}};
  const json& content = member(value, "content");
  if (!content.is_string()) {
    throw invalid_input(
        fmt::format("tokenizer: {} must be a string or an object with a string \"content\"", what));
  }
  AddedToken flags;
  flags.normalized = flag(value, "normalized", !(special || flag(value, "special", false)));
  flags.single_word = flag(value, "single_word", false);
  flags.lstrip = flag(value, "lstrip", false);
  flags.rstrip = flag(value, "rstrip", false);
  return {content.get<std::string>(), false, flags};
}

std::int64_t read_id(const json& value, const std::string& what) {
  const std::int64_t id = value.is_number_integer() ? value.get<std::int64_t>() : -1;
  if (id < 0) throw invalid_input(fmt::format("tokenizer: {} needs a whole, non-negative id", what));
  return id;
}

// Added tokens in the order of their ids.
using Numbered = std::multimap<std::int64_t, Named>;

Numbered read_decoder(const json& decoder) {
  Numbered tokens;
  for (const auto& [key, value] : decoder.items()) {
    const bool digits =
        !key.empty() && key.size() < 10 && key.find_first_not_of("0123456789") == std::string::npos;
    if (!digits) {
      throw invalid_input("tokenizer_config.json: the keys of \"added_tokens_decoder\" must be ids");
    }
    tokens.emplace(std::stoll(key), read_token(value, "added_tokens_decoder", false));
  }
  return tokens;
}

Numbered read_legacy(const SpecialTokenFiles& files, const std::vector<Named>& specials) {
  Numbered tokens;
  if (files.added_tokens.is_object()) {
    for (const auto& [content, id] : files.added_tokens.items()) {
      const std::string& name = content;
      Named token{name, false, {}};
      token.flags.normalized =
          std::none_of(specials.begin(), specials.end(), [&](const Named& s) { return s.content == name; });
      tokens.emplace(read_id(id, "added_tokens.json"), token);
    }
  }
  if (const json& list = member(files.tokenizer, "added_tokens"); list.is_array()) {
    for (const json& value : list) {
      tokens.emplace(read_id(member(value, "id"), "tokenizer.json's added_tokens"),
                     read_token(value, "tokenizer.json's added_tokens", false));
    }
  }
  return tokens;
}

bool same(const Named& a, const Named& b) {
  return a.content == b.content && a.bare == b.bare;
}

// The special tokens by name, in the order in which transformers adds them, then the nameless ones.
std::vector<Named> read_named(const SpecialTokenFiles& files, bool with_map, TokenizerParts& parts) {
  struct Slot {
    const char* key;
    std::string* content;
  };
  const std::array<Slot, 7> slots{{{"bos_token", &parts.start},
                                   {"eos_token", &parts.end},
                                   {"unk_token", &parts.unknown},
                                   {"sep_token", nullptr},
                                   {"pad_token", &parts.pad},
                                   {"cls_token", nullptr},
                                   {"mask_token", nullptr}}};
  std::vector<Named> tokens;
  for (const auto& [key, content] : slots) {
    const json& mapped = with_map ? member(files.special_tokens, key) : member(json(), key);
    const json& value = mapped.is_null() ? member(files.config, key) : mapped;
    if (!value.is_null()) {
      tokens.push_back(read_token(value, fmt::format("\"{}\"", key), !mapped.is_null()));
    } else if (content != nullptr) {
      tokens.push_back({*content, true, {}});
    }
    if (content != nullptr) *content = tokens.back().content;
  }
  for (const json* file : {&files.config, with_map ? &files.special_tokens : &files.config}) {
    for (const char* key : {"additional_special_tokens", "extra_special_tokens"}) {
      if (const json& list = member(*file, key); list.is_array()) {
        for (const json& value : list) tokens.push_back(read_token(value, fmt::format("\"{}\"", key), true));
      }
    }
  }
  return tokens;
}

}  // namespace

const json& member(const json& object, const std::string& key) {
  static const json kMissing;
  if (!object.is_object()) {
    return kMissing;
  }
  const auto found = object.find(key);
  return found == object.end() ? kMissing : *found;
}

void read_special_tokens(const SpecialTokenFiles& files, TokenizerParts& parts) {
  const json& decoder = member(files.config, "added_tokens_decoder");
  const std::vector<Named> named = read_named(files, !decoder.is_object(), parts);
  const Numbered numbered = decoder.is_object() ? read_decoder(decoder) : read_legacy(files, named);

  if (const std::size_t count = named.size() + numbered.size(); count > kMaxAdded) {
    throw invalid_input(fmt::format("tokenizer: {} added tokens, at most {} are read", count, kMaxAdded));
  }

  std::vector<Named> all;
  for (const auto& [id, token] : numbered) all.push_back(token);
  const std::size_t first_named = all.size();
  for (const Named& token : named) {
    const auto end_of_numbered = all.begin() + static_cast<std::ptrdiff_t>(first_named);
    const bool numbered_too =
        std::any_of(all.begin(), end_of_numbered, [&](const Named& n) { return n.content == token.content; });
    const bool seen = std::any_of(all.begin(), all.end(), [&](const Named& n) { return same(n, token); });
    if (!numbered_too && !seen) all.push_back(token);
  }
  for (const Named& token : all) {
    add_token(parts, token.content, token.flags);
  }
}

}  // namespace latentdial::detail
