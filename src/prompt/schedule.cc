#include "prompt/schedule.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "prompt/prompt_words.h"

namespace latentdial::detail {

/// A text, a sequence of nodes, or a choice between some.
struct PromptSchedule::Node {
  enum class Kind { text, sequence, change, rotation } kind = Kind::sequence;
  std::string text = {};
  std::vector<Node> parts = {};  ///< Of a change: before and after.
  double when = 0;               ///< Of a change: a share of the steps, or a number of them.
  bool is_share = false;

  void append(std::string_view more) {
    if (parts.empty() || parts.back().kind != Kind::text) parts.push_back({.kind = Kind::text});
    parts.back().text += more;
  }
};

namespace {

using Node = PromptSchedule::Node;
using Kind = Node::Kind;

/// Recursive descent. A bracket is read in fields, parted by its own ":" and "|"; what it means is known at
/// its end.
class Parser {
 public:
  explicit Parser(std::string_view prompt) : prompt_(prompt) {}

  Node parse() {
    Node all;
    while (at_ < prompt_.size()) read_into(all);
    return all;
  }

 private:
  struct Bracket {
    std::vector<Node> fields{1};
    std::vector<std::size_t> begins;  ///< Of each field, in the prompt.
    std::string separators;
    bool closed = false;
  };

  /// One character of text, or a bracket.
  void read_into(Node& sequence) {
    if (is_escape(prompt_, at_)) {
      sequence.append(prompt_.substr(at_, 2));
      at_ += 2;
    } else if (prompt_[at_] == '[') {
      read_square(sequence);
    } else if (prompt_[at_] == '(') {
      read_round(sequence);
    } else {
      sequence.append(prompt_.substr(at_++, 1));
    }
  }

  void read_round(Node& sequence) {
    check_depth(++depth_);
    sequence.append(prompt_.substr(at_++, 1));
    while (at_ < prompt_.size() && prompt_[at_] != ')' && prompt_[at_] != ']') read_into(sequence);
    if (at_ < prompt_.size() && prompt_[at_] == ')') sequence.append(prompt_.substr(at_++, 1));
    --depth_;
  }

  Bracket read_fields() {
    Bracket bracket;
    bracket.begins.push_back(at_);
    while (at_ < prompt_.size() && !bracket.closed) {
      const char c = prompt_[at_];
      if (c == ']') {
        bracket.closed = true;
        ++at_;
      } else if (c == ':' || c == '|') {
        bracket.separators += c;
        bracket.begins.push_back(++at_);
        bracket.fields.emplace_back();
      } else {
        read_into(bracket.fields.back());
      }
    }
    return bracket;
  }

  void read_square(Node& sequence) {
    check_depth(++depth_);
    ++at_;
    Bracket bracket = read_fields();
    --depth_;
    const auto& separators = bracket.separators;
    const bool rotates =
        separators.find('|') != std::string::npos && separators.find(':') == std::string::npos;
    const std::string_view last = prompt_.substr(bracket.begins.back(), at_ - bracket.begins.back() - 1);
    const auto when = bracket.closed ? read_decimal(last) : std::nullopt;
    if (bracket.closed && rotates) {
      sequence.parts.push_back({.kind = Kind::rotation, .parts = std::move(bracket.fields)});
    } else if (when && (separators == ":" || separators == "::")) {
      bracket.fields.pop_back();
      if (bracket.fields.size() == 1) bracket.fields.insert(bracket.fields.begin(), Node{});
      sequence.parts.push_back({.kind = Kind::change,
                                .parts = std::move(bracket.fields),
                                .when = *when,
                                .is_share = last.find('.') != std::string_view::npos});
    } else {
      append_as_text(sequence, std::move(bracket));
    }
  }

  /// A bracket that is no schedule: for emphasis to read, with what stands in it.
  static void append_as_text(Node& sequence, Bracket bracket) {
    sequence.append("[");
    for (std::size_t i = 0; i < bracket.fields.size(); ++i) {
      if (i > 0) sequence.append(bracket.separators.substr(i - 1, 1));
      sequence.parts.push_back(std::move(bracket.fields[i]));
    }
    if (bracket.closed) sequence.append("]");
  }

  std::string_view prompt_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
};

bool is_constant(const Node& node) {
  return node.kind != Kind::change && node.kind != Kind::rotation &&
         std::all_of(node.parts.begin(), node.parts.end(),
                     [](const Node& part) { return is_constant(part); });
}

void append_text(const Node& node, int step, int steps, std::string& text) {
  switch (node.kind) {
    case Kind::text:
      text += node.text;
      break;
    case Kind::sequence:
      for (const Node& part : node.parts) append_text(part, step, steps, text);
      break;
    case Kind::change: {
      // Whole steps, as A1111 counts them.
      const double until = node.is_share ? std::min(1.0, node.when) * steps : node.when;
      append_text(node.parts[static_cast<double>(step + 1) > until ? 1 : 0], step, steps, text);
      break;
    }
    case Kind::rotation:
      append_text(node.parts[static_cast<std::size_t>(step) % node.parts.size()], step, steps, text);
      break;
  }
}

}  // namespace

PromptSchedule::PromptSchedule(std::string_view prompt)
    : root_(std::make_shared<const Node>(Parser(prompt).parse())) {}

bool PromptSchedule::is_constant() const {
  return latentdial::detail::is_constant(*root_);
}

std::string PromptSchedule::at(int step, int steps) const {
  std::string text;
  append_text(*root_, step, steps, text);
  return text;
}

}  // namespace latentdial::detail
