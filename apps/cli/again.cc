#include "again.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "latentdial/dial.h"
#include "latentdial/error.h"
#include "latentdial/image.h"
#include "latentdial/parameters.h"
#include "latentdial/upscaler.h"
#include "options.h"

namespace latentdial::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestValue = 60;

/// "dog.png, 0123456789abcdef", of which a text may hold only one.
std::string name_of(const std::string& path, const std::string& hash) {
  const std::string name = fs::path(path).filename().string();
  return name + (name.empty() || hash.empty() ? "" : ", ") + hash;
}

std::string hash_of_file(const InputFile& input, const fs::path& path) {
  const auto hash = [&] {
    if (input.path == &Settings::dial) return hash_of(read_dial(path));
    if (input.picture == nullptr) return Upscaler::load({.file = path.string()}).hash();
    return (input.is_mask ? InputImage::read_as_mask(path) : InputImage::read(path)).hash();
  };
  return fmt::format("{:016x}", hash());
}

/// What of another program's settings makes another picture. A key may be the beginning of several.
struct Deciding {
  std::string_view key;
  std::string_view harmless;  ///< The value that asks for nothing; "": none does.
};
constexpr Deciding kDeciding[] = {
    {"Hires ", ""},
    {"Lora hashes", ""},  // Which is read where the prompt names the LoRAs.
    {"TI hashes", ""},
    {"AddNet ", ""},
    {"Hypernet", ""},
    {"Variation seed strength", "0"},
    {"Seed resize from", ""},
    {"ENSD", "0"},
    {"Eta", "0"},
    {"Sigma ", ""},
    {"Refiner", ""},
    {"ControlNet", ""},
    {"ADetailer", ""},
    {"Face restoration", ""},
    {"Tiling", "False"},
    {"Mask ", ""},
    {"Masked ", ""},
    {"Inpaint ", ""},
    {"Noise multiplier", "1"},
    {"Token merging", "0"},
    {"Dynamic thresholding", "False"},
    {"FreeU", ""},
};

/// What another program's text tells of a picture that it was made of, and does not name.
struct MadeOf {
  const char *key, *setting, *how;
};
constexpr MadeOf kMadeOf[] = {{"Denoising strength", "image", "from a picture"},
                              {"Mask blur", "mask", "with a mask"}};

bool decides(const NamedText& setting) {
  return std::ranges::any_of(kDeciding, [&](const Deciding& deciding) {
    return setting.key.starts_with(deciding.key) && !setting.value.empty() &&
           (deciding.harmless.empty() || setting.value != deciding.harmless);
  });
}

std::string shown(const MadeBy& made) {
  return fmt::format("{}{}", made.model.empty() ? "a model" : made.model,
                     made.hash.empty() ? "" : fmt::format(" ({})", made.hash));
}

/// A folder of LoRAs names no other model: prompts choose from it, and the picture's text says what.
bool names_model(const std::function<bool(std::string_view name)>& is_given) {
  return std::ranges::any_of(kOfAModel,
                             [&](std::string_view name) { return name != "lora_dir" && is_given(name); });
}

}  // namespace

Settings settings_in(const std::string& picture) {
  const std::string text = read_image_parameters(picture);
  if (list_parameters(text).empty())
    throw invalid_input("again", fmt::format("{} holds no settings", picture));
  return parse_parameters(text);
}

void check_inputs(const std::string& picture, const Settings& settings,
                  const std::function<bool(std::string_view name)>& is_given, const OutputOptions& output) {
  const InputHashes hashes = read_input_hashes(read_image_parameters(picture));
  std::vector<std::string> missing;
  for (const InputFile& input : input_files()) {
    if (input.path == &Settings::hires_with && settings.hires <= 1 && is_given("hires"))
      continue;  // No second pass has a use for it.
    const std::string path = file_named(settings, input), &hash = hashes.*input.hash;
    if (path.empty() && hash.empty()) continue;
    if (!is_given(input.name)) {
      missing.push_back(fmt::format("@({}) ({})", input.name, name_of(path, hash)));
    } else if (!path.empty() && !hash.empty() && hash_of_file(input, path) != hash) {
      notice(output,
             fmt::format("{} is not the {} that {} was made from ({})", path, input.name, picture, hash));
    }
  }
  if (!missing.empty())
    throw invalid_input("again",
                        fmt::format("{} was made from other files, of which none is opened unasked; name {}",
                                    picture, fmt::join(missing, " and ")));
}

std::vector<std::string> check_text(const std::string& picture,
                                    const std::function<bool(std::string_view name)>& is_given) {
  const std::string text = read_image_parameters(picture);
  std::vector<std::string> left, deciding;
  std::set<std::string> keys;
  for (const NamedText& setting : list_parameters(text)) {
    keys.insert(setting.key);
    if (!setting.is_read) left.push_back(setting.key);
    if (!setting.is_read && decides(setting))
      deciding.push_back(fmt::format("{}: {}", setting.key, setting.value.substr(0, kLongestValue)));
  }
  if (parse_parameters(text).hires > 1) keys.erase("Denoising strength");  // It is the second pass's.
  if (!deciding.empty())
    throw invalid_input("again", fmt::format("{} was made with what is not here ({}), so it would be another "
                                             "picture; `latentdial info` lists what can be given by hand",
                                             picture, fmt::join(deciding, ", ")));
  const bool elsewhere = !read_made_by(text).by_latentdial;
  for (const auto& [key, setting, how] : kMadeOf)
    if (elsewhere && keys.contains(key) && !is_given(setting))
      throw invalid_input(setting, fmt::format("{} was made {}; give that by @({})", picture, how, setting));
  std::vector<std::string> lines;
  if (!left.empty()) lines.push_back(fmt::format("{}: not taken over: {}", picture, fmt::join(left, ", ")));
  if (elsewhere) lines.push_back(fmt::format("{}: another program made it, whose noise may differ", picture));
  return lines;
}

std::string prompt_in(const std::string& picture, const std::string& lora_dir, const OutputOptions& output) {
  const auto [prompt, notices] = seek_loras(read_image_parameters(picture), lora_dir);
  for (const auto& line : notices) notice(output, fmt::format("{}: {}", picture, line));
  return prompt;
}

std::string check_model(const std::string& picture, const ModelInfo& model,
                        const std::function<bool(std::string_view name)>& is_given) {
  const MadeBy made = read_made_by(read_image_parameters(picture));
  const bool says_nothing = made.model.empty() && made.hash.empty();
  const bool same = made.by_latentdial && !says_nothing &&
                    (made.hash.empty() ? made.model == model.name : made.hash == model.hash);
  if (same) return "";
  if (says_nothing) return fmt::format("{}: which model made it is not known", picture);
  const std::string here = shown({model.name, model.hash, "", true});
  if (!names_model(is_given))
    throw invalid_input("again",
                        fmt::format("{} was made by {}, not by {}; say which model is meant by @(model), "
                                    "@(unet), @(vae), @(refiner), @(lora), @(embedding) or @(taesd)",
                                    picture, shown(made), here));
  return fmt::format("{}: made by {}, now by {}{}", picture, shown(made), here,
                     made.by_latentdial ? "" : "; another program's hash cannot be compared");
}

}  // namespace latentdial::cli
