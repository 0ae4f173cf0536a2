#include "model/text_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <utility>

#include "dial/text_states.h"
#include "prompt/emphasis.h"
#include "tensor/arithmetic.h"
#include "text/require.h"
#include "text/words.h"

namespace latentdial::detail {

TextReader::TextReader(std::vector<TextEncoder> encoders, const ops::Backend& ops)
    : encoders_(std::move(encoders)), ops_(&ops) {}

std::int64_t TextReader::window() const {
  std::int64_t length = tokenizer().max_length();
  for (const TextEncoder& encoder : encoders_)
    length = std::min(length, encoder.model.config().max_position_embeddings);
  return length;
}

std::int64_t TextReader::states_width() const {
  std::int64_t width = 0;
  for (const TextEncoder& encoder : encoders_) width += encoder.model.config().hidden_size;
  return width;
}

std::int64_t TextReader::summary_width() const {
  for (const TextEncoder& encoder : encoders_)
    if (encoder.model.has_summary()) return encoder.model.config().projection_dim;
  return 0;
}

int TextReader::most_clip_skip() const {
  int most = std::numeric_limits<int>::max();
  for (const TextEncoder& encoder : encoders_)
    most = std::min(most, encoder.model.own_state() + encoder.model.most_left_out());
  return most;
}

std::size_t TextReader::windows(const std::string& text, PromptSyntax syntax) const {
  return syntax == PromptSyntax::literal ? 1 : windows_of(encoders_.front(), text, syntax).size();
}

std::vector<TokenWindow> TextReader::windows_of(const TextEncoder& encoder, const std::string& text,
                                                PromptSyntax syntax) const {
  if (syntax == PromptSyntax::a1111)
    return token_windows(encoder.tokenizer, encoder.learnt, parse_emphasis(text), window());
  const Encoding encoding = encoder.tokenizer.encode(text, window());
  return {{encoding.ids, std::vector<float>(encoding.ids.size(), 1.0F), encoding.prompt_tokens}};
}

std::vector<std::int64_t> TextReader::places_of(const char* field, const std::string& words) const {
  require(tokenizer().encode(words, window()).dropped_text.empty(), field,
          "they are longer than this model's {} tokens; use fewer", window() - 2);
  return places_of(field, words, words, PromptSyntax::literal);
}

std::vector<std::int64_t> TextReader::places_of(const char* field, const std::string& words,
                                                const std::string& prompt, PromptSyntax syntax) const {
  std::vector<std::int32_t> ids;
  for (const TokenWindow& one : windows_of(encoders_.front(), prompt, syntax))
    ids.insert(ids.end(), one.ids.begin(), one.ids.end());
  std::vector<std::int64_t> places;
  for (const std::string_view part : split(words, ',')) {
    const std::string word(trimmed(part));
    const Encoding encoding = tokenizer().encode(word, window());
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

Condition TextReader::read_by(const TextEncoder& encoder, const std::vector<TokenWindow>& windows,
                              int clip_skip) const {
  const int left_out = std::max(clip_skip - encoder.model.own_state(), 0);
  const auto finite = [&](const Tensor& device) {
    Tensor read = ops_->to_host(device);
    require_finite(read, "text_encoder", "the prompt");
    return read;
  };
  Condition result;
  std::vector<Tensor> states;
  std::vector<float> weights;
  for (const TokenWindow& one : windows) {
    const Tensor read = encoder.model(one.ids, left_out);
    if (states.empty() && encoder.model.has_summary())
      result.vector = finite(encoder.model.summary(read, one.tokens + 1, left_out));
    states.push_back(finite(read));
    weights.insert(weights.end(), one.weights.begin(), one.weights.end());
  }
  const Shape shape = {1, static_cast<std::int64_t>(weights.size()), states.front().dim(-1)};
  result.tokens = emphasise(concat_rows(states).reshape(shape), weights, window());
  return result;
}

ReadText TextReader::read(const std::string& text, PromptSyntax syntax, int clip_skip) const {
  ReadText result;
  Condition& condition = result.encoded.condition;
  for (const TextEncoder& encoder : encoders_) {
    const auto windows = windows_of(encoder, text, syntax);
    const Condition read = read_by(encoder, windows, clip_skip);
    const bool is_first = !condition.tokens.defined();
    require(is_first || condition.tokens.dim(1) == read.tokens.dim(1), "model",
            "its tokenizers cut the prompt into {} and {} tokens; the two do not belong together",
            is_first ? 0 : condition.tokens.dim(1), read.tokens.dim(1));
    condition.tokens = is_first ? read.tokens : beside(condition.tokens, read.tokens);
    if (read.vector.defined()) condition.vector = read.vector;
    if (!is_first) continue;
    for (std::size_t i = 0; i < windows.size(); ++i)
      for (std::int64_t k = 1; k <= windows[i].tokens; ++k)
        result.encoded.words.push_back(static_cast<std::int64_t>(i) * window() + k);
  }
  if (syntax == PromptSyntax::a1111) return result;
  if (const auto dropped = tokenizer().encode(text, window()).dropped_text; !dropped.empty())
    result.notice = fmt::format("the prompt is longer than this model's {} tokens; dropped: \"{}\"",
                                window() - 2, dropped);
  return result;
}

}  // namespace latentdial::detail
