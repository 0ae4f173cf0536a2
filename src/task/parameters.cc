#include "latentdial/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "latentdial/error.h"
#include "latentdial/pipeline.h"
#include "latentdial/text.h"
#include "latentdial/version.h"

namespace latentdial {
namespace {

using nlohmann::json;

constexpr std::string_view kNegative = "Negative prompt: ";
constexpr std::string_view kModelHash = "Model hash";
// Written only when the plain lines cannot be told apart again, e.g. a prompt with a line "Steps: 3".
constexpr std::string_view kExactPrompt = "Prompt text";
constexpr std::string_view kExactNegative = "Negative prompt text";

constexpr std::array<NamePair, 6> kSamplers{{{"pndm", "PLMS"},
                                             {"ddim", "DDIM"},
                                             {"euler", "Euler"},
                                             {"euler_a", "Euler a"},
                                             {"dpm++2m", "DPM++ 2M"},
                                             {"lcm", "LCM"}}};
constexpr std::array<NamePair, 2> kSchedulers{{{"normal", "Normal"}, {"karras", "Karras"}}};

std::string translate(std::span<const NamePair> table, const std::string& word, bool to_a1111) {
  for (const auto& [ours, theirs] : table) {
    if (word == (to_a1111 ? ours : theirs)) return std::string(to_a1111 ? theirs : ours);
  }
  return word;
}

/// A value as it stands after "Key: ": plain, or a JSON string where plain could be misread.
std::string quoted(const std::string& text) {
  const bool plain = !text.empty() && text.find_first_of(",:\"\\\r\n") == std::string::npos &&
                     text.front() != ' ' && text.back() != ' ';
  return plain ? text : json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

template <class T>
std::string to_text(const T& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    return quoted(value);
  } else {
    return fmt::format("{}", value);
  }
}

std::string settings_line(const Settings& s, const ModelInfo& model) {
  const Settings defaults;
  std::vector<std::string> items;
  const auto always = [](std::string_view label) {
    return label == "Steps" || label == "CFG scale" || label == "Seed";
  };
  std::map<std::string_view, std::string> default_texts;
  visit_settings(defaults,
                 [&](const Option& o, const auto& value) { default_texts[o.name] = to_text(value); });
  visit_settings(s, [&](const Option& option, const auto& value) {
    const std::string_view label = option.label;
    std::string text = to_text(value);
    if (label.empty() || (text == default_texts[option.name] && !always(label))) return;
    if (label == "Sampler") text = quoted(a1111_sampler(s.sampler));
    if (label == "Schedule type") text = quoted(translate(kSchedulers, s.scheduler, true));
    items.push_back(fmt::format("{}: {}", label, text));
  });
  if (s.width > 0) items.push_back(fmt::format("Size: {}x{}", s.width, s.height));
  if (!model.hash.empty()) items.push_back(fmt::format("{}: {}", kModelHash, model.hash));
  items.push_back(fmt::format("Model: {}", quoted(model.name)));
  if (!model.decoder.empty()) items.push_back(fmt::format("VAE Decoder: {}", quoted(model.decoder)));
  items.emplace_back("RNG: CPU");
  items.push_back(fmt::format("Version: latentdial {}", kVersion));
  return fmt::format("{}", fmt::join(items, ", "));
}

/// "Key: value, Key: \"json\", …" → pairs; nothing when the line has another form.
std::map<std::string, std::string> read_pairs(std::string_view line) {
  std::map<std::string, std::string> pairs;
  while (!line.empty()) {
    const auto colon = line.find(": ");
    if (colon == std::string_view::npos || line.substr(0, colon).find(',') != std::string_view::npos)
      return {};
    const std::string key(line.substr(0, colon));
    line.remove_prefix(colon + 2);
    std::size_t end = 0;
    if (!line.empty() && line.front() == '"') {
      for (end = 1; end < line.size() && line[end] != '"'; ++end) end += line[end] == '\\' ? 1 : 0;
      if (end >= line.size()) return {};
      const auto value = json::parse(line.substr(0, end + 1), nullptr, false);
      if (!value.is_string()) return {};
      pairs[key] = value.get<std::string>();
      ++end;
    } else {
      end = std::min(line.find(','), line.size());
      pairs[key] = std::string(line.substr(0, end));
    }
    line.remove_prefix(end);
    if (line.empty()) break;
    if (line.substr(0, 2) != ", ") return {};
    line.remove_prefix(2);
  }
  return pairs;
}

template <class T>
void read_value(const std::string& key, const std::string& text, T& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    value = text;
  } else if constexpr (std::is_same_v<T, bool>) {
    if (text != "true" && text != "false") {
      throw invalid_input("parameters", fmt::format("\"{}: {}\" is neither true nor false", key, text));
    }
    value = text == "true";
  } else {
    if (!read_number(text, value))
      throw invalid_input("parameters", fmt::format("\"{}: {}\" is not a number in range", key, text));
  }
}

void read_size(const std::string& text, Settings& s) {
  const auto x = text.find('x');
  if (x == std::string::npos)
    throw invalid_input("parameters", fmt::format("\"Size: {}\" is not as in 512x512", text));
  read_value("Size", text.substr(0, x), s.width);
  read_value("Size", text.substr(x + 1), s.height);
}

void read_sampler(std::string name, Settings& s) {
  if (take_karras(name)) s.scheduler = "karras";
  s.sampler = translate(kSamplers, name, false);
}

std::string_view last_line(std::string_view text) {
  return text.substr(text.find_last_of('\n') + 1);
}

std::string without_model_hash(std::string text) {
  const std::string item = fmt::format("{}: {}, ", kModelHash, read_model_hash(text));
  if (const auto at = text.rfind(item); at != std::string::npos) text.erase(at, item.size());
  return text;
}

void split_prompts(std::string_view text, Settings& s) {
  const auto start = text.starts_with(kNegative) ? 0 : text.find("\n" + std::string(kNegative));
  if (start == std::string_view::npos) {
    s.prompt = std::string(text);
    return;
  }
  const auto negative = start + (text.starts_with(kNegative) ? 0 : 1) + kNegative.size();
  s.prompt = std::string(text.substr(0, start));
  s.negative_prompt = std::string(text.substr(negative));
}

}  // namespace

std::string to_parameters(const Settings& settings, const ModelInfo& model) {
  std::string text = settings.prompt + "\n";
  if (!settings.negative_prompt.empty()) text += std::string(kNegative) + settings.negative_prompt + "\n";
  text += settings_line(settings, model);
  const Settings read = parse_parameters(text);
  if (read.prompt != settings.prompt)
    text += fmt::format(", {}: {}", kExactPrompt,
                        json(settings.prompt).dump(-1, ' ', false, json::error_handler_t::replace));
  if (read.negative_prompt != settings.negative_prompt) {
    text += fmt::format(", {}: {}", kExactNegative,
                        json(settings.negative_prompt).dump(-1, ' ', false, json::error_handler_t::replace));
  }
  return text;
}

Settings parse_parameters(const std::string& text) {
  Settings s;
  const auto last = text.find_last_of('\n');
  auto pairs = read_pairs(last_line(text));
  if (!pairs.contains("Steps")) {
    split_prompts(text, s);
    return s;
  }
  split_prompts(std::string_view(text).substr(0, last == std::string::npos ? 0 : last), s);
  visit_settings(s, [&](const Option& option, auto& value) {
    const auto found = pairs.find(option.label);
    if (option.label[0] != '\0' && found != pairs.end()) read_value(found->first, found->second, value);
  });
  if (pairs.contains("Schedule type")) {
    const auto scheduler = translate(kSchedulers, pairs["Schedule type"], false);
    s.scheduler = scheduler == "Automatic" ? "" : scheduler;
  }
  if (pairs.contains("Sampler")) read_sampler(pairs["Sampler"], s);
  if (pairs.contains("Size")) read_size(pairs["Size"], s);
  if (const auto exact = pairs.find(std::string(kExactPrompt)); exact != pairs.end())
    s.prompt = exact->second;
  if (const auto exact = pairs.find(std::string(kExactNegative)); exact != pairs.end())
    s.negative_prompt = exact->second;
  return s;
}

std::string read_model_hash(const std::string& text) {
  const auto pairs = read_pairs(last_line(text));
  const auto found = pairs.find(std::string(kModelHash));
  return found == pairs.end() ? "" : found->second;
}

std::string difference(const std::string& found, const std::string& wanted) {
  if (found == wanted) return "";
  const std::string there = read_model_hash(found), here = read_model_hash(wanted);
  if (there == here || without_model_hash(found) != without_model_hash(wanted))
    return "holds a picture with other settings";
  if (there.empty()) return "holds a picture of an older version, which does not say which weights made it";
  return fmt::format("holds a picture that other weights made (model hash {}, now {})", there, here);
}

namespace {

/// Whether the JSON value is of the setting's kind and, for a whole number, within its type's range.
template <class T>
bool fits(const json& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    return value.is_string();
  } else if constexpr (std::is_same_v<T, bool>) {
    return value.is_boolean();
  } else if constexpr (std::is_floating_point_v<T>) {
    return value.is_number();
  } else if (value.is_number_unsigned()) {
    return std::in_range<T>(value.get<std::uint64_t>());
  } else {
    return value.is_number_integer() && std::in_range<T>(value.get<std::int64_t>());
  }
}

}  // namespace

std::span<const NamePair> a1111_samplers() {
  return kSamplers;
}

std::span<const NamePair> a1111_schedulers() {
  return kSchedulers;
}

std::string a1111_sampler(const std::string& sampler) {
  return translate(kSamplers, sampler, true);
}

bool take_karras(std::string& sampler) {
  constexpr std::string_view kKarras = " Karras";
  if (!sampler.ends_with(kKarras)) return false;
  sampler.resize(sampler.size() - kKarras.size());
  return true;
}

std::string to_json(const Settings& settings) {
  json object = json::object();
  visit_settings(settings, [&](const Option& option, const auto& value) { object[option.name] = value; });
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

Settings settings_from_json(const std::string& text) {
  const auto object = json::parse(text, nullptr, false);
  if (!object.is_object())
    throw invalid_input("the settings are not a JSON object, as in {\"prompt\": \"a dog\"}");
  Settings s;
  std::vector<std::string_view> known;
  visit_settings(s, [&](const Option& option, auto& value) {
    using T = std::remove_reference_t<decltype(value)>;
    known.emplace_back(option.name);
    const auto found = object.find(option.name);
    if (found == object.end()) return;
    if (!fits<T>(*found)) {
      const char* wanted = std::is_same_v<T, std::string> ? "a text"
                           : std::is_same_v<T, bool>      ? "true or false"
                           : std::is_floating_point_v<T>  ? "a number"
                                                          : "a whole number";
      throw invalid_input(option.name, fmt::format("{} is given, but {} is needed", found->dump(), wanted));
    }
    value = found->template get<T>();
  });
  for (const auto& [key, value] : object.items()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      throw invalid_input(fmt::format("the setting \"{}\" is unknown; use {}", key, fmt::join(known, ", ")));
    }
  }
  return s;
}

}  // namespace latentdial
