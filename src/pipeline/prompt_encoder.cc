#include "pipeline/prompt_encoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <utility>

#include "dial/text_states.h"
#include "latentdial/error.h"
#include "pipeline/composed_prompt.h"
#include "prompt/emphasis.h"
#include "prompt/prompt_words.h"
#include "prompt/token_windows.h"

namespace latentdial {
namespace {

constexpr std::size_t kMostKnown = 64;

}  // namespace

std::string joined(const std::string& prompt, const std::string& suffix) {
  return prompt.empty() && suffix.starts_with(", ") ? suffix.substr(2) : prompt + suffix;
}

PromptEncoder::PromptEncoder(const Tokenizer& tokenizer, const models::ClipText& text_encoder,
                             const ops::Backend& ops, LearntWords learnt)
    : tokenizer_(&tokenizer), text_encoder_(&text_encoder), ops_(&ops), learnt_(std::move(learnt)) {}

std::int64_t PromptEncoder::window() const {
  return std::min<std::int64_t>(tokenizer_->max_length(), text_encoder_->config().max_position_embeddings);
}

std::size_t PromptEncoder::windows_of(const Settings& s) const {
  if (s.plain_prompt) return 1;
  // A prompt that changes with the steps is at no step longer than it is written.
  const auto count = [&](const char* field, const std::string& text) {
    return read_prompt(
        field, [&] { return token_windows(*tokenizer_, learnt_, parse_emphasis(text), window()).size(); });
  };
  return std::max({count("prompt", joined(s.prompt, ", " + s.style)),
                   count("to_prompt", joined(s.to_prompt, ", " + s.style)),
                   count("negative_prompt", s.negative_prompt)});
}

std::vector<std::int32_t> PromptEncoder::ids_of(const Settings& s) const {
  if (s.plain_prompt) return tokenizer_->encode(s.prompt, window()).ids;
  std::vector<std::int32_t> ids;
  for (const TokenWindow& one : token_windows(*tokenizer_, learnt_, parse_emphasis(s.prompt), window()))
    ids.insert(ids.end(), one.ids.begin(), one.ids.end());
  return ids;
}

std::vector<std::int64_t> PromptEncoder::places_of(const std::string& words, const Settings& s) const {
  const auto ids = ids_of(s);
  std::vector<std::int64_t> places;
  for (std::size_t begin = 0; begin <= words.size();) {
    const auto end = std::min(words.find(',', begin), words.size());
    const std::string word(trimmed(std::string_view(words).substr(begin, end - begin)));
    const Encoding encoding = tokenizer_->encode(word, window());
    const auto wanted = std::span(encoding.ids).subspan(1, static_cast<std::size_t>(encoding.prompt_tokens));
    const auto before = places.size();
    for (auto at = ids.begin(); !wanted.empty() && at != ids.end(); ++at) {
      at = std::search(at, ids.end(), wanted.begin(), wanted.end());
      if (at == ids.end()) break;
      for (std::size_t k = 0; k < wanted.size(); ++k)
        places.push_back(at - ids.begin() + static_cast<std::int64_t>(k));
    }
    if (places.size() == before) {
      throw invalid_input(
          "mask_words",
          fmt::format("the prompt does not say \"{}\"; name words that it does, parted by commas", word));
    }
    begin = end + 1;
  }
  return places;
}

EncodedPrompt PromptEncoder::encode(const std::string& text, PromptSyntax syntax,
                                    std::vector<std::string>& notices) {
  auto known = std::find_if(known_.begin(), known_.end(), [&](const Known& prompt) {
    return prompt.text == text && prompt.syntax == syntax;
  });
  if (known == known_.end()) {
    Known made = syntax == PromptSyntax::literal ? encode_literally(text) : encode_emphasised(text);
    if (known_.size() == kMostKnown) known_.pop_front();
    known = known_.insert(known_.end(), std::move(made));
  }
  if (!known->notice.empty() && std::find(notices.begin(), notices.end(), known->notice) == notices.end())
    notices.push_back(known->notice);
  return known->encoded;
}

auto PromptEncoder::encode_literally(const std::string& text) const -> Known {
  const Encoding encoding = tokenizer_->encode(text, window());
  Known known{text, PromptSyntax::literal, {ops_->to_host((*text_encoder_)(encoding.ids)), {}}, ""};
  known.encoded.tokens.resize(static_cast<std::size_t>(encoding.prompt_tokens));
  std::iota(known.encoded.tokens.begin(), known.encoded.tokens.end(), 1);
  if (!encoding.dropped_text.empty()) {
    known.notice = fmt::format("the prompt is longer than this model's {} tokens; dropped: \"{}\"",
                               window() - 2, encoding.dropped_text);
  }
  return known;
}

auto PromptEncoder::encode_emphasised(const std::string& text) const -> Known {
  const auto windows = token_windows(*tokenizer_, learnt_, parse_emphasis(text), window());
  std::vector<Tensor> states;
  std::vector<float> weights;
  Known known{text, PromptSyntax::a1111, {}, ""};
  for (const TokenWindow& one : windows) {
    const auto begin = static_cast<std::int64_t>(weights.size());
    states.push_back(ops_->to_host((*text_encoder_)(one.ids)));
    weights.insert(weights.end(), one.weights.begin(), one.weights.end());
    for (std::int64_t k = 0; k < one.tokens; ++k) known.encoded.tokens.push_back(begin + 1 + k);
  }
  const Shape shape = {1, static_cast<std::int64_t>(weights.size()), states.front().dim(-1)};
  known.encoded.states = emphasise(concat_rows(states).reshape(shape), weights, window());
  return known;
}

}  // namespace latentdial
