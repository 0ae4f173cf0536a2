#include "latentdial/parameters.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "diffusion/sampler.h"
#include "latentdial/error.h"
#include "latentdial/json.h"
#include "latentdial/pipeline.h"
#include "latentdial/text.h"
#include "latentdial/upscaler.h"
#include "latentdial/version.h"
#include "prompt/lora_tags.h"
#include "task/infotext.h"
#include "task/lora_hashes.h"
#include "task/second_pass.h"
#include "text/require.h"
#include "text/words.h"

namespace latentdial {

using namespace detail;
namespace {

using nlohmann::json;

constexpr std::string_view kNegative = "Negative prompt:";
constexpr double kMostExact = 9007199254740992.0;  // 2^53: above it doubles skip whole numbers.
constexpr std::string_view kInpaintArea = "Inpaint area", kOnlyMasked = "Only masked";  // As A1111 has it.
constexpr std::string_view kHiresUpscaler = "Hires upscaler";
constexpr std::string_view kHiresSize = "Hires resize";       // A1111's, in place of a factor.
constexpr std::string_view kStrength = "Denoising strength";  // Of a start image, or of the second pass.
constexpr std::string_view kModelHash = "Model hash", kModel = "Model", kDecoder = "VAE Decoder";
constexpr std::string_view kRefiner = "Refiner";
// Written only when the plain lines cannot be told apart again, e.g. a prompt with a line "Steps: 3".
constexpr std::string_view kExactPrompt = "Prompt text";
constexpr std::string_view kExactNegative = "Negative prompt text";

constexpr std::array<NamePair, 18> kSamplers{{{"pndm", "PLMS"},
                                              {"ddim", "DDIM"},
                                              {"euler", "Euler"},
                                              {"euler_a", "Euler a"},
                                              {"heun", "Heun"},
                                              {"dpm2", "DPM2"},
                                              {"dpm2_a", "DPM2 a"},
                                              {"dpm++2s_a", "DPM++ 2S a"},
                                              {"dpm++sde", "DPM++ SDE"},
                                              {"dpm++2m", "DPM++ 2M"},
                                              {"dpm++2m_sde", "DPM++ 2M SDE"},
                                              {"dpm++3m_sde", "DPM++ 3M SDE"},
                                              {"unipc", "UniPC"},
                                              {"deis", "DEIS"},
                                              {"lms", "LMS"},
                                              {"ddpm", "DDPM"},
                                              {"lcm", "LCM"},
                                              {"tcd", "TCD"}}};
constexpr std::array<NamePair, 2> kEnlargers{{{"latent", "Latent"}, {"lanczos", "Lanczos"}}};
constexpr std::array<NamePair, 10> kSchedulers{{{"normal", "Normal"},
                                                {"karras", "Karras"},
                                                {"exponential", "Exponential"},
                                                {"sgm_uniform", "SGM Uniform"},
                                                {"simple", "Simple"},
                                                {"beta", "Beta"},
                                                {"ays", "Align Your Steps"},
                                                {"trailing", "Trailing"},
                                                {"leading", "Leading"},
                                                {"linspace", "Linspace"}}};

std::string translate(std::span<const NamePair> table, const std::string& word, bool to_a1111) {
  for (const auto& [ours, theirs] : table) {
    if (word == (to_a1111 ? ours : theirs)) return std::string(to_a1111 ? theirs : ours);
  }
  return word;
}

/// A value as it stands after "Key: ": plain, or a JSON string where plain could be misread.
std::string quoted(const std::string& text) {
  const bool plain = !text.empty() && text.find_first_of(",:\"\\\r\n") == std::string::npos &&
                     trimmed(text) == text && text.front() != '{' && text.front() != '[';
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

template <class T>
std::string to_text(const std::optional<T>& value) {
  return value ? to_text(*value) : "";
}

InputHashes hashes_of(const Request& request) {
  InputHashes hashes;
  for (const InputFile& input : input_pictures())
    if (const auto& image = request.images.*input.picture)
      hashes.*input.hash = fmt::format("{:016x}", image->hash());
  if (request.dial) hashes.dial = fmt::format("{:016x}", hash_of(*request.dial));
  if (request.upscaler) hashes.upscaler = fmt::format("{:016x}", request.upscaler->hash());
  return hashes;
}

std::string hash_label(const InputFile& input) {
  return fmt::format("{} hash", input.label);
}

std::string settings_line(const Settings& s, const InputHashes& hashes, const std::string& lora_hashes,
                          const ModelInfo& model) {
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
    if (label.empty() || text.empty() || (text == default_texts[option.name] && !always(label))) return;
    if (label == "Sampler") text = quoted(a1111_sampler(s.sampler));
    if (label == kInpaintArea) text = kOnlyMasked;
    if (label == kHiresUpscaler) text = quoted(translate(kEnlargers, s.hires_with, true));
    if (label == "Schedule type") text = quoted(translate(kSchedulers, s.scheduler, true));
    add(label, text);
  });
  for (const InputFile& input : input_files()) {
    if (const std::string& hash = hashes.*input.hash; !hash.empty()) add(hash_label(input), hash);
  }
  if (!lora_hashes.empty()) add(kLoraHashes, quoted(lora_hashes));
  if (draws_twice(s)) add(kStrength, to_text(s.hires_strength));
  if (s.width > 0) add("Size", fmt::format("{}x{}", s.width, s.height));
  if (!model.hash.empty()) add(kModelHash, model.hash);
  add(kModel, quoted(model.name));
  if (!model.refiner.empty() && s.refiner_switch.value_or(0) < 1) add(kRefiner, quoted(model.refiner));
  if (!model.decoder.empty()) add(kDecoder, quoted(model.decoder));
  add("RNG", "CPU");
  add("Version", fmt::format("latentdial {}", kVersion));
  return fmt::format("{}", fmt::join(items, ", "));
}

/// "20.0", where a whole number is needed.
template <class T>
bool read_whole(const std::string& text, T& value) {
  if constexpr (std::is_integral_v<T>) {
    double read = 0;
    const bool whole = read_number(text, read) && read == std::floor(read) && std::abs(read) <= kMostExact;
    if (!whole || !std::in_range<T>(static_cast<std::int64_t>(read))) return false;
    value = static_cast<T>(read);
    return true;
  }
  return false;
}

template <class T>
void read_value(const std::string& key, const std::string& text, T& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    value = text;
  } else if constexpr (std::is_same_v<T, bool>) {
    const std::string word = lower(text);
    require(word == "true" || word == "false", "parameters", "\"{}: {}\" is neither true nor false", key,
            text);
    value = word == "true";
  } else {
    require(read_number(text, value) || read_whole(text, value), "parameters",
            "\"{}: {}\" is not a number in range", key, text);
  }
}

template <class T>
void read_value(const std::string& key, const std::string& text, std::optional<T>& value) {
  read_value(key, text, value.emplace());
}

/// "512x512", under the key "Size" or another.
void read_size(std::string_view key, const std::string& text, int& width, int& height) {
  const auto x = text.find_first_of("xX");
  require(x != std::string::npos, "parameters", "\"{}: {}\" is not as in 512x512", key, text);
  read_value(std::string(key), std::string(trimmed(text.substr(0, x))), width);
  read_value(std::string(key), std::string(trimmed(text.substr(x + 1))), height);
}

/// How many times as large a second pass is that fills a size, of which one side may be 0. Nothing where the
/// picture would be cut to it, or where the first pass has no size.
std::optional<double> hires_of_size(const std::string& text, const Settings& s) {
  int width = 0, height = 0;
  read_size(kHiresSize, text, width, height);
  const bool same_shape =
      width == 0 || height == 0 || std::int64_t{width} * s.height == std::int64_t{height} * s.width;
  if (!same_shape || s.width <= 0 || s.height <= 0 || std::max(width, height) <= 0) return std::nullopt;
  return width > 0 ? static_cast<double>(width) / s.width : static_cast<double>(height) / s.height;
}

/// Whether a second pass is told by a size that a factor stands for.
bool fills_a_size(const Infotext& read) {
  const auto *size = read.find("Size"), *larger = read.find(kHiresSize);
  if (size == nullptr || larger == nullptr) return false;
  try {
    Settings s;
    read_size("Size", *size, s.width, s.height);
    return hires_of_size(*larger, s).has_value();
  } catch (const Error&) {
    return false;
  }
}

void read_sampler(std::string name, Settings& s) {
  if (const auto scheduler = take_scheduler(name); !scheduler.empty()) s.scheduler = scheduler;
  s.sampler = translate(kSamplers, name, false);
}

std::string find_lora_hashes(const std::string& text) {
  const Infotext read = read_infotext(text);
  const auto* found = read.find(kLoraHashes);
  return found == nullptr ? "" : *found;
}

/// Whether two texts say the same of what is asked for; a text that cannot be read says nothing. Older ones
/// name their inputs without a hash.
bool same_request(const std::string& found, const std::string& wanted) {
  try {
    const Settings named = without_folders(parse_parameters(found));
    const InputHashes there = read_input_hashes(found), here = read_input_hashes(wanted);
    const auto same_hash = [&](const InputFile& input) {
      const std::string& hash = there.*input.hash;
      return hash == here.*input.hash || (hash.empty() && !file_named(named, input).empty());
    };
    return named == without_folders(parse_parameters(wanted)) &&
           std::ranges::all_of(input_files(), same_hash);
  } catch (const Error&) {
    return false;
  }
}

/// A1111's "Seed: -1" asked for any.
bool names_no_seed(std::string_view label, const std::string& value) {
  return label == "Seed" && value.starts_with('-');
}

void split_prompts(std::string_view text, Settings& s) {
  const bool at_start = text.starts_with(kNegative);
  const auto start = at_start ? 0 : text.find("\n" + std::string(kNegative));
  s.prompt = std::string(text.substr(0, start));
  if (start == std::string_view::npos) return;
  s.negative_prompt = std::string(text.substr(start + (at_start ? 0 : 1) + kNegative.size()));
  if (s.negative_prompt.starts_with(' ')) s.negative_prompt.erase(0, 1);
}

}  // namespace

std::span<const InputFile> input_files() {
  static constexpr std::array<InputFile, 9> kFiles{
      {{"image", "Start image", &Settings::image, &InputHashes::image, &InputImages::start},
       {"to_image", "Interpolate to image", &Settings::to_image, &InputHashes::to_image, &InputImages::end},
       {"reference", "Reference", &Settings::reference, &InputHashes::reference, &InputImages::reference},
       {"to_reference", "Interpolate to reference", &Settings::to_reference, &InputHashes::to_reference,
        &InputImages::to_reference},
       {"style_mask", "Style mask", &Settings::style_mask, &InputHashes::style_mask, &InputImages::style_mask,
        true},
       {"mask", "Mask", &Settings::mask, &InputHashes::mask, &InputImages::mask, true},
       {"blur_kernel", "Blur kernel", &Settings::blur_kernel, &InputHashes::blur_kernel, &InputImages::kernel,
        true},
       {"dial", "Dial file", &Settings::dial, &InputHashes::dial, nullptr},
       {"hires_with", "Hires upscaler", &Settings::hires_with, &InputHashes::upscaler, nullptr}}};
  return kFiles;
}

std::span<const InputFile> input_pictures() {
  return input_files().first(input_files().size() - 2);  // The last are the dial and the network.
}

std::string file_named(const Settings& settings, const InputFile& input) {
  if (input.path == &Settings::hires_with && !names_network(settings)) return "";
  return settings.*input.path;
}

std::string lora_file_named(const Settings& settings) {
  const auto lora = lora_of_style(settings.style);
  return lora && names_file(*lora) ? lora->name : "";
}

Settings without_folders(Settings settings) {
  for (const InputFile& input : input_files()) {
    std::string& path = settings.*input.path;
    path = std::filesystem::path(path).filename().string();
  }
  // A1111 and our server name networks so.
  const std::filesystem::path network = settings.hires_with;
  if (network.extension() == ".pth" || network.extension() == ".safetensors")
    settings.hires_with = network.stem().string();
  settings.style = without_folder(settings.style);
  return settings;
}

std::string to_parameters(const Request& request, const ModelInfo& model) {
  const Settings settings = without_folders(request.settings);
  std::string text = settings.prompt + "\n";
  if (!settings.negative_prompt.empty()) text += fmt::format("{} {}\n", kNegative, settings.negative_prompt);
  text += settings_line(settings, hashes_of(request), request.lora_hashes, model);
  const Settings read = parse_parameters(text);
  if (read.prompt != settings.prompt)
    text += fmt::format(", {}: {}", kExactPrompt, json_line<json>(settings.prompt));
  if (read.negative_prompt != settings.negative_prompt)
    text += fmt::format(", {}: {}", kExactNegative, json_line<json>(settings.negative_prompt));
  return text;
}

Settings parse_parameters(const std::string& text) {
  const Infotext read = read_infotext(text);
  Settings s;
  split_prompts(read.prompts, s);
  visit_settings(s, [&](const Option& option, auto& value) {
    const auto* found = option.label[0] == '\0' ? nullptr : read.find(option.label);
    if (found != nullptr && option.label != kInpaintArea && !names_no_seed(option.label, *found))
      read_value(option.label, *found, value);
  });
  if (const auto* area = read.find(kInpaintArea)) s.only_masked = *area == kOnlyMasked;
  if (const auto* type = read.find("Schedule type")) {
    const auto scheduler = translate(kSchedulers, *type, false);
    s.scheduler = scheduler == "Automatic" ? "" : scheduler;
  }
  if (const auto* sampler = read.find("Sampler")) read_sampler(*sampler, s);
  if (const auto* size = read.find("Size")) read_size("Size", *size, s.width, s.height);
  if (fills_a_size(read)) s.hires = hires_of_size(*read.find(kHiresSize), s).value();
  s.hires_with = translate(kEnlargers, s.hires_with, false);
  if (const auto* strength = read.find(kStrength); strength != nullptr && draws_twice(s)) {
    read_value(std::string(kStrength), *strength, s.hires_strength);
    s.strength = Settings{}.strength;
  }
  s.style = without_folder(s.style);
  if (const auto* exact = read.find(kExactPrompt)) s.prompt = *exact;
  if (const auto* exact = read.find(kExactNegative)) s.negative_prompt = *exact;
  return s;
}

std::vector<NamedText> list_parameters(const std::string& text) {
  std::set<std::string_view> known = {"Size", kModelHash, kModel,       kDecoder,      kRefiner,
                                      "RNG",  "Version",  kExactPrompt, kExactNegative};
  const Settings any;
  visit_settings(any, [&](const Option& option, const auto&) { known.insert(option.label); });
  std::vector<NamedText> list;
  Infotext read = read_infotext(text);
  const bool fills = fills_a_size(read);
  Settings names;  // Of LoRAs.
  split_prompts(read.prompts, names);
  if (const auto* loras = read.find("LoRAs")) names.loras = *loras;
  if (const auto* style = read.find("Style")) names.style = *style;
  for (auto& pair : read.pairs) {
    const std::string& key = pair.first;
    const bool is_hash =
        std::ranges::any_of(input_files(), [&](const InputFile& input) { return key == hash_label(input); });
    const bool is_lora = key == kLoraHashes && names_loras(names, pair.second);
    const bool is_read = (known.contains(key) || is_hash || is_lora || (key == kHiresSize && fills)) &&
                         !names_no_seed(key, pair.second);
    list.push_back({pair.first, std::move(pair.second), is_read});
  }
  return list;
}

InputHashes read_input_hashes(const std::string& text) {
  const Infotext read = read_infotext(text);
  InputHashes hashes;
  for (const InputFile& input : input_files())
    if (const auto* hash = read.find(hash_label(input))) hashes.*input.hash = *hash;
  return hashes;
}

MadeBy read_made_by(const std::string& text) {
  const Infotext read = read_infotext(text);
  const auto value = [&](std::string_view key) {
    const auto* found = read.find(key);
    return found == nullptr ? "" : *found;
  };
  return {value(kModel), value(kModelHash), value(kDecoder), value("Version").starts_with("latentdial ")};
}

std::string read_model_hash(const std::string& text) {
  return read_made_by(text).hash;
}

std::string difference(const std::string& found, const std::string& wanted) {
  const MadeBy there = read_made_by(found), here = read_made_by(wanted);
  if (!same_request(found, wanted) || there.model != here.model || there.decoder != here.decoder)
    return "holds a picture with other settings";
  const std::string loras = find_lora_hashes(found), now = find_lora_hashes(wanted);
  if (!loras.empty() && loras != now)  // Older texts do not say them.
    return fmt::format("holds a picture that another LoRA file made ({}, now {})", loras, now);
  if (there.hash == here.hash) return "";
  if (there.hash.empty())
    return "holds a picture of an older version, which does not say which weights made it";
  return fmt::format("holds a picture that other weights made (model hash {}, now {})", there.hash,
                     here.hash);
}

std::span<const NamePair> a1111_samplers() {
  return kSamplers;
}

std::span<const NamePair> a1111_schedulers() {
  return kSchedulers;
}

std::span<const NamePair> a1111_enlargers() {
  return kEnlargers;
}

std::string a1111_sampler(const std::string& sampler) {
  return translate(kSamplers, sampler, true);
}

std::vector<std::string> samplers_of_scheduler(const std::string& scheduler) {
  return samplers_with(scheduler);
}

std::string take_scheduler(std::string& sampler) {
  for (const auto& [ours, theirs] : {NamePair{"karras", " Karras"}, {"exponential", " Exponential"}}) {
    if (!sampler.ends_with(theirs)) continue;
    sampler.resize(sampler.size() - theirs.size());
    return std::string(ours);
  }
  return "";
}

}  // namespace latentdial
