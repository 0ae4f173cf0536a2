#include "prompt/tokenizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "latentdial/error.h"
#include "prompt/split_words.h"
#include "prompt/tokenizer_files.h"
#include "prompt/unicode.h"
#include "tensor/hash.h"
#include "text/utf8.h"

namespace latentdial::detail {
namespace {

std::vector<AddedToken> with_normalized(const std::vector<AddedToken>& tokens, bool normalized) {
  std::vector<AddedToken> chosen;
  for (AddedToken token : tokens) {
    if (token.normalized == normalized) {
      // A token that is looked for in normalised text is normalised like it.
      token.content = normalized ? normalize(token.content) : token.content;
      chosen.push_back(std::move(token));
    }
  }
  return chosen;
}

std::int32_t id_of(const TokenizerParts& parts, const std::string& token, const std::string& role) {
  const auto found = parts.vocabulary.find(token);
  if (found == parts.vocabulary.end()) {
    throw invalid_input(
        fmt::format("{}: the vocabulary has no {} token {:?}", parts.source, role, token.substr(0, 60)));
  }
  return found->second;
}

/// The vocabulary is in no order, so its tokens are summed.
std::uint64_t hash_of(const TokenizerParts& parts) {
  std::uint64_t tokens = 0;
  for (const auto& [token, id] : parts.vocabulary) {
    tokens += hash_text(kHashStart, fmt::format("{} {}", token, id));
  }
  std::uint64_t hash = hash_text(kHashStart, std::to_string(tokens));
  for (const auto& [left, right] : parts.merges) hash = hash_text(hash, left + " " + right + "\n");
  hash = hash_text(hash, fmt::format("{} {} {} {} {}\n", parts.start, parts.end, parts.unknown, parts.pad,
                                     parts.max_length));
  for (const AddedToken& token : parts.added) {
    hash = hash_text(hash, fmt::format("{} {} {}{}{}{}\n", encode_utf8(token.content), token.id,
                                       token.normalized, token.single_word, token.lstrip, token.rstrip));
  }
  return hash;
}

std::string trimmed(std::string text) {
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

}  // namespace

struct Tokenizer::State {
  explicit State(const TokenizerParts& parts)
      : bpe(parts.vocabulary, parts.merges, parts.unknown, parts.source),
        written(with_normalized(parts.added, false)),
        normal(with_normalized(parts.added, true)),
        start(id_of(parts, parts.start, "start")),
        end(id_of(parts, parts.end, "end")),
        pad(id_of(parts, parts.pad, "pad")),
        max_length(parts.max_length),
        hash(hash_of(parts)) {
    for (const AddedToken& token : parts.added) added.emplace(token.id, encode_utf8(token.content));
    for (const auto& [token, id] : parts.vocabulary) vocab_size = std::max<std::int64_t>(vocab_size, id + 1);
  }

  [[nodiscard]] std::vector<std::int32_t> encode(std::u32string_view text) const;
  [[nodiscard]] std::string decode(std::vector<std::int32_t>::const_iterator from,
                                   std::vector<std::int32_t>::const_iterator to) const;

  Bpe bpe;
  AddedTokens written;  ///< Looked for in the text as written.
  AddedTokens normal;   ///< Looked for in the normalised text.
  std::unordered_map<std::int32_t, std::string> added;
  std::int32_t start;
  std::int32_t end;
  std::int32_t pad;
  std::int64_t max_length;
  std::int64_t vocab_size = 0;
  std::uint64_t hash;
};

std::vector<std::int32_t> Tokenizer::State::encode(std::u32string_view text) const {
  std::vector<std::int32_t> ids;
  for (const Piece& outer : written.split(text)) {
    if (outer.id >= 0) {
      ids.push_back(outer.id);
      continue;
    }
    for (const Piece& inner : normal.split(normalize(outer.text))) {
      if (inner.id >= 0) {
        ids.push_back(inner.id);
        continue;
      }
      for (const std::u32string_view word : split_words(inner.text)) bpe.encode_word(encode_utf8(word), ids);
    }
  }
  return ids;
}

std::string Tokenizer::State::decode(std::vector<std::int32_t>::const_iterator from,
                                     std::vector<std::int32_t>::const_iterator to) const {
  std::string bytes;
  for (; from != to; ++from) {
    const auto whole = added.find(*from);
    bytes += whole != added.end() ? whole->second + ' ' : bpe.decode(*from);
  }
  // The cut may fall inside a character.
  return trimmed(encode_utf8(decode_utf8(bytes)));
}

Tokenizer Tokenizer::from_folder(const std::filesystem::path& dir) {
  return Tokenizer(std::make_shared<const State>(read_tokenizer_folder(dir)));
}

Tokenizer Tokenizer::standard_clip(const std::filesystem::path& bpe_simple_vocab_gz, std::string pad_token) {
  return Tokenizer(
      std::make_shared<const State>(read_standard_clip(bpe_simple_vocab_gz, std::move(pad_token))));
}

std::vector<std::int32_t> Tokenizer::tokenize(std::string_view text) const {
  return state_->encode(decode_utf8(text));
}

std::vector<std::int32_t> Tokenizer::window(const std::vector<std::int32_t>& tokens,
                                            std::int64_t length) const {
  if (length < static_cast<std::int64_t>(tokens.size()) + 2) {
    throw invalid_input(fmt::format(
        "tokenizer: a length of {} has no room for {} tokens between start and end", length, tokens.size()));
  }
  std::vector<std::int32_t> ids = {state_->start};
  ids.insert(ids.end(), tokens.begin(), tokens.end());
  ids.push_back(state_->end);
  ids.resize(static_cast<std::size_t>(length), state_->pad);
  return ids;
}

Encoding Tokenizer::encode(std::string_view text, std::int64_t max_length_override) const {
  const std::int64_t length = max_length_override == 0 ? state_->max_length : max_length_override;
  const std::vector<std::int32_t> prompt = tokenize(text);
  Encoding encoding;
  encoding.prompt_tokens = std::clamp(length - 2, std::int64_t{0}, static_cast<std::int64_t>(prompt.size()));
  const auto cut = prompt.begin() + encoding.prompt_tokens;
  encoding.ids = window({prompt.begin(), cut}, length);
  encoding.dropped_text = state_->decode(cut, prompt.end());
  return encoding;
}

std::int64_t Tokenizer::max_length() const {
  return state_->max_length;
}
std::int64_t Tokenizer::vocab_size() const {
  return state_->vocab_size;
}

std::uint64_t Tokenizer::hash() const {
  return state_->hash;
}

}  // namespace latentdial::detail
