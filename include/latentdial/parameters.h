#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "latentdial/export.h"
#include "latentdial/request.h"
#include "latentdial/settings.h"

namespace latentdial {

struct ModelInfo;

/// The hashes of what a picture was made from besides its settings, 16 hexadecimal digits each: of pixels
/// (InputImage::hash), of a dial (hash_of), or of a network (Upscaler::hash). "": it was made without, or a
/// text does not say.
struct InputHashes {
  std::string image, to_image, reference, to_reference, style_mask, mask, blur_kernel, dial, upscaler;
};

/// A setting that names a file, where its hash stands, and its label in a `parameters` text; the hash has
/// that label with " hash" behind it. What a request has in memory instead is `picture` of its images.
struct InputFile {
  const char* name;  ///< Option::name.
  const char* label;
  std::string Settings::*path;
  std::string InputHashes::*hash;
  std::optional<InputImage> InputImages::*picture;  ///< Null: it is no picture.
  bool is_mask = false;                             ///< Its brightness says how much of a place is meant.
};
[[nodiscard]] LATENTDIAL_API std::span<const InputFile> input_files();
/// Those that are pictures.
[[nodiscard]] LATENTDIAL_API std::span<const InputFile> input_pictures();
/// The file that such a setting names; "" where it names none, as `hires_with` "lanczos".
[[nodiscard]] LATENTDIAL_API std::string file_named(const Settings& settings, const InputFile& input);

/// The file of a style "lora:FILE"; "" of any other, as "lora:NAME".
[[nodiscard]] LATENTDIAL_API std::string lora_file_named(const Settings& settings);

/// The settings as the `parameters` text that A1111's web UI writes: prompt, "Negative prompt: …", then
/// "Steps: 20, Sampler: …, Size: 512x512, Model hash: HASH, Model: NAME, RNG: CPU, Version: latentdial …".
/// Values that hold a comma, colon or quote are JSON strings. Settings at their default are left out except
/// the ones that A1111 always writes. Of a file the name without its folder is written, and of what the
/// request has in memory the hash: "Start image: photo.jpg, …, Start image hash: 0123456789abcdef". Of
/// `model` its hash and decoder ("VAE Decoder") are written where they are not empty, and its name.
[[nodiscard]] LATENTDIAL_API std::string to_parameters(const Request& request, const ModelInfo& model);

/// The settings with each file's name alone, as such a text has it; a network's and a LoRA's without its
/// ending.
[[nodiscard]] LATENTDIAL_API Settings without_folders(Settings settings);

/// The settings in a `parameters` text, ours or A1111's; sampler names of A1111 ("DPM++ 2M Karras") are
/// understood; a style names no file. Each key is taken by itself; other programs' are left alone
/// (list_parameters), and so is a "Seed: -1". Throws invalid_input naming the key whose value cannot be read.
[[nodiscard]] LATENTDIAL_API Settings parse_parameters(const std::string& text);

/// One setting in a `parameters` text.
struct NamedText {
  std::string key;    ///< "Clip skip".
  std::string value;  ///< "2"; a JSON string as the text that it is.
  bool is_read;       ///< By this program, so not left alone.
};
/// All of them in their order.
[[nodiscard]] LATENTDIAL_API std::vector<NamedText> list_parameters(const std::string& text);

/// The LoRAs that a text's prompt names, sought in a folder by the hashes that A1111 writes ("Lora hashes").
struct SoughtLoras {
  std::string prompt;                     ///< The text's; a LoRA that is there under another name has that.
  std::vector<std::string> notices = {};  ///< Of those that have another name, or are another file.
};
/// Throws invalid_input where the folder, or a LoRA of the text's in it, cannot be read.
[[nodiscard]] LATENTDIAL_API SoughtLoras seek_loras(const std::string& text, const std::string& lora_dir);

/// What a `parameters` text says of its maker; "" where it does not.
struct MadeBy {
  std::string model;           ///< ModelInfo::name, or another program's name of its model.
  std::string hash;            ///< ModelInfo::hash, or what another program wrote as "Model hash".
  std::string decoder;         ///< ModelInfo::decoder.
  bool by_latentdial = false;  ///< This program, of any version; another's hashes are of another kind.
};
[[nodiscard]] LATENTDIAL_API MadeBy read_made_by(const std::string& text);

/// The hashes of its inputs that a `parameters` text holds.
[[nodiscard]] LATENTDIAL_API InputHashes read_input_hashes(const std::string& text);

/// ModelInfo::hash of the model that a `parameters` text names, or what another program wrote as "Model
/// hash"; empty where it has none.
[[nodiscard]] LATENTDIAL_API std::string read_model_hash(const std::string& text);

/// Whether a picture with the text `found` is the one that would get the text `wanted`, by what decides a
/// picture: settings, inputs (the names of their files, and their hashes where `found` has them), model and
/// decoder; neither the program's version nor keys that this one does not know. Empty, or why not, as what
/// follows the picture's name in a message: "holds a picture with other settings".
[[nodiscard]] LATENTDIAL_API std::string difference(const std::string& found, const std::string& wanted);

/// One JSON object with the settings by their `Option::name`, and back. Unknown keys and wrong types throw
/// invalid_input naming the key.
[[nodiscard]] LATENTDIAL_API std::string to_json(const Settings& settings);
[[nodiscard]] LATENTDIAL_API Settings settings_from_json(const std::string& json);

/// The setting that an unknown name most probably means: one with that flag ("cfg") or label ("CFG scale"),
/// or spelt alike ("stpes"); "" for none.
[[nodiscard]] LATENTDIAL_API std::string nearest_setting(std::string_view name);

/// Our names of the samplers and schedulers, each with the one that A1111 writes for it.
using NamePair = std::pair<std::string_view, std::string_view>;
[[nodiscard]] LATENTDIAL_API std::span<const NamePair> a1111_samplers();
[[nodiscard]] LATENTDIAL_API std::span<const NamePair> a1111_schedulers();
/// Our names of the samplers that have a scheduler, which is one of ours; else invalid_input.
[[nodiscard]] LATENTDIAL_API std::vector<std::string> samplers_of_scheduler(const std::string& scheduler);
/// The same of what enlarges a picture for its second pass, but for networks.
[[nodiscard]] LATENTDIAL_API std::span<const NamePair> a1111_enlargers();
/// A1111's name of our sampler; a sampler that it does not know keeps its own.
[[nodiscard]] LATENTDIAL_API std::string a1111_sampler(const std::string& sampler);
/// Before 1.9 A1111 wrote the scheduler into the sampler's name: makes "DPM++ 2M Karras" "DPM++ 2M" and gives
/// ours, "karras" or "exponential"; "" where none is there.
[[nodiscard]] LATENTDIAL_API std::string take_scheduler(std::string& sampler);

}  // namespace latentdial
