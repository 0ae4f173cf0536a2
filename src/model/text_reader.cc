#include "model/text_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>

#include "dial/text_states.h"
#include "prompt/emphasis.h"
#include "tensor/arithmetic.h"
#include "text/require.h"
#include "text/words.h"

namespace latentdial::detail {

TextReader::TextReader(const Tokenizer& tokenizer, const models::ClipText& text_encoder,
                       const ops::Backend& ops, LearntWords learnt)
    : tokenizer_(&tokenizer), text_encoder_(&text_encoder), ops_(&ops), learnt_(std::move(learnt)) {}

std::int64_t TextReader::window() const {
  return std::min<std::int64_t>(tokenizer_->max_length(), text_encoder_->config().max_position_embeddings);
}

std::size_t TextReader::windows(const std::string& text, PromptSyntax syntax) const {
  return syntax == PromptSyntax::literal ? 1 : windows_of(text, syntax).size();
}

std::vector<TokenWindow> TextReader::windows_of(const std::string& text, PromptSyntax syntax) const {
  if (syntax == PromptSyntax::a1111)
    return token_windows(*tokenizer_, learnt_, parse_emphasis(text), window());
  const Encoding encoding = tokenizer_->encode(text, window());
  return {{encoding.ids, std::vector<float>(encoding.ids.size(), 1.0F), encoding.prompt_tokens}};
}

std::vector<std::int64_t> TextReader::places_of(const char* field, const std::string& words) const {
  require(tokenizer_->encode(words, window()).dropped_text.empty(), field,
          "they are longer than this model's {} tokens; use fewer", window() - 2);
  return places_of(field, words, words, PromptSyntax::literal);
}

std::vector<std::int64_t> TextReader::places_of(const char* field, const std::string& words,
                                                const std::string& prompt, PromptSyntax syntax) const {
  std::vector<std::int32_t> ids;
  for (const TokenWindow& one : windows_of(prompt, syntax))
    ids.insert(ids.end(), one.ids.begin(), one.ids.end());
  std::vector<std::int64_t> places;
  for (const std::string_view part : split(words, ',')) {
    const std::string word(trimmed(part));
    const Encoding encoding = tokenizer_->encode(word, window());
    const auto wanted = std::span(encoding.ids).subspan(1, static_cast<std::size_t>(encoding.prompt_tokens));
    const auto before = places.size();
    for (auto at = ids.begin(); !wanted.empty() && at != ids.end(); ++at) {
      at = std::search(at, ids.end(), wanted.begin(), wanted.end());
      if (at == ids.end()) break;
      for (std::size_t k = 0; k < wanted.size(); ++k)
        places.push_back(at - ids.begin() + static_cast<std::int64_t>(k));
    }
    require(places.size() > before, field,
            "the prompt does not say \"{}\"; name words that it does, parted by commas", word);
  }
  return places;
}

ReadText TextReader::read(const std::string& text, PromptSyntax syntax) const {
  const auto states_of = [&](const std::vector<std::int32_t>& ids) {
    Tensor read = ops_->to_host((*text_encoder_)(ids));
    require_finite(read, "text_encoder", "the prompt");
    return read;
  };
  std::vector<Tensor> states;
  std::vector<float> weights;
  ReadText result;
  for (const TokenWindow& one : windows_of(text, syntax)) {
    const auto begin = static_cast<std::int64_t>(weights.size());
    states.push_back(states_of(one.ids));
    weights.insert(weights.end(), one.weights.begin(), one.weights.end());
    for (std::int64_t k = 0; k < one.tokens; ++k) result.encoded.words.push_back(begin + 1 + k);
  }
  const Shape shape = {1, static_cast<std::int64_t>(weights.size()), states.front().dim(-1)};
  result.encoded.condition = emphasise(concat_rows(states).reshape(shape), weights, window());
  if (syntax == PromptSyntax::a1111) return result;
  if (const auto dropped = tokenizer_->encode(text, window()).dropped_text; !dropped.empty())
    result.notice = fmt::format("the prompt is longer than this model's {} tokens; dropped: \"{}\"",
                                window() - 2, dropped);
  return result;
}

}  // namespace latentdial::detail
