#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "latentdial/parameters.h"
#include "latentdial/text.h"

namespace latentdial {
namespace {

/// As JSON and Python would write it: "cfg_scale" of "CFG scale".
std::string word_of(std::string_view text) {
  std::string word = slug(text);
  std::ranges::replace(word, '-', '_');
  return word;
}

/// The long one of an option's flags, which is the last: "prompt" of "-p,--prompt".
std::string flag_word(std::string_view flags) {
  return word_of(flags.substr(flags.rfind(',') + 1));
}

}  // namespace

std::string nearest_setting(std::string_view name) {
  const std::string wanted = word_of(name);
  std::string found;
  std::vector<std::string> names;
  const Settings settings;
  visit_settings(settings, [&](const Option& option, const auto&) {
    names.emplace_back(option.name);
    if (!wanted.empty() && (wanted == flag_word(option.flags) || wanted == word_of(option.label)))
      found = option.name;
  });
  return found.empty() ? nearest_name(name, names) : found;
}

}  // namespace latentdial
