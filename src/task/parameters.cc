#include "latentdial/parameters.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>
#include <type_traits>
#include <vector>

#include "latentdial/error.h"
#include "latentdial/json.h"
#include "latentdial/pipeline.h"
#include "latentdial/text.h"
#include "latentdial/version.h"
#include "text/require.h"

namespace latentdial {

using namespace detail;
namespace {

using nlohmann::json;

constexpr std::string_view kNegative = "Negative prompt: ";
constexpr std::string_view kModelHash = "Model hash", kModel = "Model", kDecoder = "VAE Decoder";
// Written only when the plain lines cannot be told apart again, e.g. a prompt with a line "Steps: 3".
constexpr std::string_view kExactPrompt = "Prompt text";
constexpr std::string_view kExactNegative = "Negative prompt text";

constexpr std::size_t kMostPairs = 1000;

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
  return plain ? text : json_line<json>(text);
}

template <class T>
std::string to_text(const T& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    return quoted(value);
  } else {
    return fmt::format("{}", value);
  }
}

InputHashes hashes_of(const Request& request) {
  const auto digits = [](const auto& input, const auto& hash) {
    return input ? fmt::format("{:016x}", hash(*input)) : "";
  };
  const auto& [start, end, style_mask] = request.images;
  const auto of_pixels = [](const InputImage& image) { return image.hash(); };
  return {digits(start, of_pixels), digits(end, of_pixels), digits(style_mask, of_pixels),
          digits(request.dial, [](const Dial& dial) { return hash_of(dial); })};
}

std::string hash_label(const InputFile& input) {
  return fmt::format("{} hash", input.label);
}

std::string settings_line(const Settings& s, const InputHashes& hashes, const ModelInfo& model) {
  const Settings defaults;
  std::vector<std::string> items;
  const auto add = [&](std::string_view key, std::string_view text) {
    items.push_back(fmt::format("{}: {}", key, text));
  };
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
    add(label, text);
  });
  for (const InputFile& input : input_files()) {
    if (const std::string& hash = hashes.*input.hash; !hash.empty()) add(hash_label(input), hash);
  }
  if (s.width > 0) add("Size", fmt::format("{}x{}", s.width, s.height));
  if (!model.hash.empty()) add(kModelHash, model.hash);
  add(kModel, quoted(model.name));
  if (!model.decoder.empty()) add(kDecoder, quoted(model.decoder));
  add("RNG", "CPU");
  add("Version", fmt::format("latentdial {}", kVersion));
  return fmt::format("{}", fmt::join(items, ", "));
}

/// "Key: value, Key: \"json\", …" → pairs; nothing when the line has another form.
std::map<std::string, std::string> read_pairs(std::string_view line) {
  std::map<std::string, std::string> pairs;
  while (!line.empty() && pairs.size() < kMostPairs) {
    const auto colon = line.find(": ");
    if (colon == std::string_view::npos || line.substr(0, colon).find(',') != std::string_view::npos)
      return {};
    const std::string key(line.substr(0, colon));
    line.remove_prefix(colon + 2);
    std::size_t end = 0;
    if (!line.empty() && line.front() == '"') {
      for (end = 1; end < line.size() && line[end] != '"'; ++end) end += line[end] == '\\' ? 1 : 0;
      if (end >= line.size()) return {};
      const auto value = try_parse_json<json>(line.substr(0, end + 1));
      if (!value || !value->is_string()) return {};
      pairs[key] = value->get<std::string>();
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
    require(text == "true" || text == "false", "parameters", "\"{}: {}\" is neither true nor false", key,
            text);
    value = text == "true";
  } else {
    require(read_number(text, value), "parameters", "\"{}: {}\" is not a number in range", key, text);
  }
}

void read_size(const std::string& text, Settings& s) {
  const auto x = text.find('x');
  require(x != std::string::npos, "parameters", "\"Size: {}\" is not as in 512x512", text);
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

/// Whether two texts say the same of what is asked for; a text that cannot be read says nothing. Older ones
/// name their inputs without a hash.
bool same_request(const std::string& found, const std::string& wanted) {
  try {
    const Settings named = without_folders(parse_parameters(found));
    const InputHashes there = read_input_hashes(found), here = read_input_hashes(wanted);
    const auto same_hash = [&](const InputFile& input) {
      const std::string& hash = there.*input.hash;
      return hash == here.*input.hash || (hash.empty() && !(named.*input.path).empty());
    };
    return named == without_folders(parse_parameters(wanted)) &&
           std::ranges::all_of(input_files(), same_hash);
  } catch (const Error&) {
    return false;
  }
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

std::span<const InputFile> input_files() {
  static constexpr std::array<InputFile, 4> kFiles{
      {{"image", "Start image", &Settings::image, &InputHashes::image},
       {"to_image", "Interpolate to image", &Settings::to_image, &InputHashes::to_image},
       {"style_mask", "Style mask", &Settings::style_mask, &InputHashes::style_mask},
       {"dial", "Dial file", &Settings::dial, &InputHashes::dial}}};
  return kFiles;
}

Settings without_folders(Settings settings) {
  for (const InputFile& input : input_files()) {
    std::string& path = settings.*input.path;
    path = std::filesystem::path(path).filename().string();
  }
  return settings;
}

std::string to_parameters(const Request& request, const ModelInfo& model) {
  const Settings settings = without_folders(request.settings);
  std::string text = settings.prompt + "\n";
  if (!settings.negative_prompt.empty()) text += std::string(kNegative) + settings.negative_prompt + "\n";
  text += settings_line(settings, hashes_of(request), model);
  const Settings read = parse_parameters(text);
  if (read.prompt != settings.prompt)
    text += fmt::format(", {}: {}", kExactPrompt, json_line<json>(settings.prompt));
  if (read.negative_prompt != settings.negative_prompt)
    text += fmt::format(", {}: {}", kExactNegative, json_line<json>(settings.negative_prompt));
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

InputHashes read_input_hashes(const std::string& text) {
  auto pairs = read_pairs(last_line(text));
  InputHashes hashes;
  for (const InputFile& input : input_files()) hashes.*input.hash = pairs[hash_label(input)];
  return hashes;
}

std::string read_model_hash(const std::string& text) {
  return read_pairs(last_line(text))[std::string(kModelHash)];
}

std::string difference(const std::string& found, const std::string& wanted) {
  auto there = read_pairs(last_line(found)), here = read_pairs(last_line(wanted));
  const auto differ = [&](std::string_view key) { return there[std::string(key)] != here[std::string(key)]; };
  if (!same_request(found, wanted) || differ(kModel) || differ(kDecoder))
    return "holds a picture with other settings";
  if (!differ(kModelHash)) return "";
  const std::string own = read_model_hash(found);
  if (own.empty()) return "holds a picture of an older version, which does not say which weights made it";
  return fmt::format("holds a picture that other weights made (model hash {}, now {})", own,
                     read_model_hash(wanted));
}

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

}  // namespace latentdial
