#include "prompt/emphasis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <utility>

#include "latentdial/error.h"
#include "prompt/prompt_words.h"

namespace latentdial::detail {
namespace {

constexpr double kBracket = 1.1;
constexpr double kLargestWeight = 100;

/// A bracket or the text between two.
struct Token {
  enum class Kind { text, open_round, close_round, open_square, close_square } kind = Kind::text;
  std::string text;          ///< As it stands in the prompt; text without its escapes.
  double factor = 1;         ///< Of the words behind an opening bracket.
  std::ptrdiff_t open = -1;  ///< Of a closing bracket, its opening one; -1: it is text.
};

/// ":1.3)" at `at`: the weight, and how many characters it takes with the bracket.
std::optional<std::pair<double, std::size_t>> read_weight(std::string_view prompt, std::size_t at) {
  const auto close = prompt.find(')', at);
  if (close == std::string_view::npos) return std::nullopt;
  const auto number = read_decimal(prompt.substr(at + 1, close - at - 1));
  if (!number) return std::nullopt;
  return std::pair{*number, close + 1 - at};
}

class Lexer {
 public:
  explicit Lexer(std::string_view prompt) : prompt_(prompt) {}

  std::vector<Token> tokens() && {
    using Kind = Token::Kind;
    while (at_ < prompt_.size()) {
      const char c = prompt_[at_];
      if (is_escape(prompt_, at_)) {
        append(prompt_.substr(at_ + 1, 1));
        at_ += 2;
      } else if (c == '(' || c == '[') {
        open(c == '(' ? Kind::open_round : Kind::open_square, c == '(' ? kBracket : 1 / kBracket);
      } else if (c == ')' || c == ']') {
        close(c == ')' ? Kind::close_round : Kind::close_square, std::nullopt, 1);
      } else if (const auto weight = c == ':' ? read_weight(prompt_, at_) : std::nullopt) {
        close(Kind::close_round, weight->first, weight->second);
      } else {
        append(prompt_.substr(at_++, 1));
      }
    }
    return std::move(tokens_);
  }

 private:
  void append(std::string_view text) {
    if (tokens_.empty() || tokens_.back().kind != Token::Kind::text) tokens_.emplace_back();
    tokens_.back().text += text;
  }
  void open(Token::Kind kind, double factor) {
    check_depth(round_.size() + square_.size() + 1);
    (kind == Token::Kind::open_round ? round_ : square_)
        .push_back(static_cast<std::ptrdiff_t>(tokens_.size()));
    tokens_.push_back({kind, std::string(prompt_.substr(at_++, 1)), factor, -1});
  }
  /// Closes the latest bracket of its kind; with none open it is text.
  void close(Token::Kind kind, std::optional<double> weight, std::size_t length) {
    auto& opened = kind == Token::Kind::close_round ? round_ : square_;
    const auto text = prompt_.substr(at_, length);
    at_ += length;
    if (opened.empty()) return append(text);
    Token& opening = tokens_[static_cast<std::size_t>(opened.back())];
    if (weight) opening.factor = *weight;
    tokens_.push_back({kind, std::string(text), 1, opened.back()});
    opened.pop_back();
  }

  std::string_view prompt_;
  std::size_t at_ = 0;
  std::vector<Token> tokens_;
  std::vector<std::ptrdiff_t> round_, square_;  ///< Open brackets.
};

/// The weight of the words behind the open brackets `opened`.
double weight_of(const std::vector<std::ptrdiff_t>& opened, const std::vector<Token>& tokens) {
  double weight = 1;
  for (const auto bracket : opened) weight *= tokens[static_cast<std::size_t>(bracket)].factor;
  if (!(std::abs(weight) <= kLargestWeight))
    throw invalid_input(
        "prompt", fmt::format("emphasis makes a weight of {}, which is out of range; use -{} to {}", weight,
                              kLargestWeight, kLargestWeight));
  return weight;
}

/// Adds a stretch, cut at each BREAK, to the one before where both count the same.
void add(std::vector<EmphasisedText>& stretches, std::string_view text, double weight) {
  const auto parts = split_at_word(text, "BREAK");
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i == 0 && !stretches.empty() && stretches.back().weight == weight) {
      stretches.back().text += parts[i];
    } else {
      stretches.push_back({std::string(parts[i]), weight, i > 0});
    }
  }
}

}  // namespace

std::vector<EmphasisedText> parse_emphasis(std::string_view prompt) {
  const std::vector<Token> tokens = Lexer(prompt).tokens();
  std::vector<EmphasisedText> stretches;
  std::vector<std::ptrdiff_t> opened;
  double weight = 1;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].kind == Token::Kind::text) {
      add(stretches, tokens[i].text, weight);
      continue;
    }
    if (tokens[i].open >= 0) {
      opened.erase(std::find(opened.begin(), opened.end(), tokens[i].open));
    } else {
      opened.push_back(static_cast<std::ptrdiff_t>(i));
    }
    weight = weight_of(opened, tokens);
  }
  if (stretches.empty()) stretches.emplace_back();
  return stretches;
}

}  // namespace latentdial::detail
