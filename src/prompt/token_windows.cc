#include "prompt/token_windows.h"

#include <fmt/format.h>

#include <cstddef>
#include <utility>

#include "latentdial/error.h"

namespace latentdial::detail {
namespace {

constexpr std::size_t kMostWindows = 64;
constexpr std::size_t kPhrase = 20;

class WindowBuilder {
 public:
  WindowBuilder(const Tokenizer& tokenizer, std::int64_t length)
      : tokenizer_(&tokenizer),
        length_(static_cast<std::size_t>(length)),
        most_(static_cast<std::size_t>(length - 2)),
        commas_(tokenizer.tokenize(",")) {}

  /// Adds tokens that stay together: one, or all vectors of a learnt word.
  void add(std::span<const std::int32_t> ids, float weight) {
    const bool comma = ids.size() == 1 && commas_.size() == 1 && ids.front() == commas_.front();
    if (tokens_.size() + ids.size() > most_) break_before(comma);
    for (const auto id : ids) {
      if (tokens_.size() == most_) close();  // A learnt word of more vectors than a window has.
      tokens_.push_back({id, weight});
    }
    if (comma) after_comma_ = tokens_.size();
  }

  void close() {
    if (windows_.size() == kMostWindows)
      throw invalid_input(
          "prompt", fmt::format("it has more than {} tokens, {} windows of the text encoder; shorten it",
                                kMostWindows * most_, kMostWindows));
    TokenWindow window;
    std::vector<std::int32_t> ids;
    for (const Weighted& token : tokens_) ids.push_back(token.id);
    window.ids = tokenizer_->window(ids, static_cast<std::int64_t>(length_));
    window.weights.assign(length_, 1.0F);
    for (std::size_t i = 0; i < tokens_.size(); ++i) window.weights[1 + i] = tokens_[i].weight;
    window.tokens = static_cast<std::int64_t>(tokens_.size());
    windows_.push_back(std::move(window));
    tokens_.clear();
    after_comma_ = 0;
  }

  [[nodiscard]] bool empty() const { return tokens_.empty(); }
  [[nodiscard]] std::vector<TokenWindow> windows() && {
    if (windows_.empty() || !tokens_.empty()) close();
    return std::move(windows_);
  }

 private:
  struct Weighted {
    std::int32_t id;
    float weight;
  };

  /// Closes a full window; what follows its last comma moves on when it is short, but for a comma's sake.
  void break_before(bool comma) {
    std::vector<Weighted> phrase;
    if (!comma && after_comma_ > 0 && tokens_.size() - after_comma_ < kPhrase) {
      const auto begin = tokens_.begin() + static_cast<std::ptrdiff_t>(after_comma_);
      phrase.assign(begin, tokens_.end());
      tokens_.erase(begin, tokens_.end());
    }
    close();
    tokens_ = std::move(phrase);
  }

  const Tokenizer* tokenizer_;
  std::size_t length_, most_;
  std::vector<std::int32_t> commas_;
  std::vector<Weighted> tokens_;  ///< Of the window that is open.
  std::size_t after_comma_ = 0;   ///< One past its last comma; 0: it has none.
  std::vector<TokenWindow> windows_;
};

}  // namespace

std::vector<TokenWindow> token_windows(const Tokenizer& tokenizer, const LearntWords& learnt,
                                       std::span<const EmphasisedText> prompt, std::int64_t length) {
  WindowBuilder builder(tokenizer, length);
  for (const EmphasisedText& stretch : prompt) {
    if (stretch.starts_window) builder.close();
    for (const auto& together : learnt.find(tokenizer.tokenize(stretch.text)))
      builder.add(together, static_cast<float>(stretch.weight));
  }
  return std::move(builder).windows();
}

}  // namespace latentdial::detail
