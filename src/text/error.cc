#include "latentdial/error.h"

#include "latentdial/settings.h"
#include "latentdial/text.h"

namespace latentdial {
namespace {

std::string line_of(std::string_view field, std::string_view message, const Naming& naming) {
  std::string line = field.empty() || !naming ? std::string(field) : naming(field);
  if (line.empty()) line = field;
  return single_line(line + (field.empty() ? "" : ": ") + with_names(message, naming));
}

}  // namespace

std::string single_line(std::string_view message) {
  constexpr std::string_view kLeftOut = " [...] ";
  constexpr std::size_t kHalf = (kLongestLine - kLeftOut.size()) / 2;
  std::string line = escape_controls(message);
  if (line.size() <= kLongestLine) return line;
  const auto inside_character = [&line](std::size_t at) { return (line[at] & 0xc0) == 0x80; };
  std::size_t head = kHalf, tail = line.size() - kHalf;
  while (head > 0 && inside_character(head)) --head;
  while (tail < line.size() && inside_character(tail)) ++tail;
  return line.substr(0, head).append(kLeftOut).append(line, tail);
}

bool is_setting(std::string_view name) {
  bool found = false;
  const auto compare = [&](const Option& option, const auto&) { found = found || name == option.name; };
  const Settings settings;
  const ModelOptions engine;
  visit_settings(settings, compare);
  visit_model_options(engine, compare);
  return found;
}

std::string with_names(std::string_view text, const Naming& naming) {
  constexpr std::string_view kMark = "@(", kOfNames = "abcdefghijklmnopqrstuvwxyz_";
  std::string result;
  for (auto mark = text.find(kMark); mark != std::string_view::npos; mark = text.find(kMark)) {
    std::string_view name = text.substr(mark + kMark.size());
    name = name.substr(0, name.find_first_not_of(kOfNames));
    const auto end = mark + kMark.size() + name.size();
    if (end < text.size() && text[end] == ')' && is_setting(name)) {
      const std::string word = naming ? naming(name) : "";
      result.append(text, 0, mark).append(word.empty() ? name : word);
      text.remove_prefix(end + 1);
    } else {
      result.append(text, 0, end);
      text.remove_prefix(end);
    }
  }
  return result.append(text);
}

Error::Error(ErrorCode code, std::string_view field, std::string_view message)
    : std::runtime_error(line_of(field, single_line(message), {})),
      code_(code),
      said_(std::make_shared<const Said>(Said{std::string(field), single_line(message)})) {}

std::string Error::line(const Naming& naming) const {
  return line_of(said_->field, said_->message, naming);
}

}  // namespace latentdial
