#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "weights/textual_inversion.h"
#include "weights/weights.h"

namespace latentdial::detail {

/// One part of a checkpoint: its diffusers config.json (read, or inferred from the tensors) and its tensors.
struct Component {
  nlohmann::json config;
  Weights weights;
};

/// What became of a LoRA that was added.
struct AppliedLora {
  std::string name;  ///< Stem of its file.
  double scale = 1;
  int layers = 0;                           ///< In the file.
  int applied = 0;                          ///< That the model has.
  std::uint64_t hash = 0;                   ///< Of what was applied.
  std::vector<LearntEmbedding> words = {};  ///< Learnt words that lie beside its layers.
};

/// The highest level that the small picture of an upscaler is noised to where none is said.
inline constexpr std::int64_t kMaxNoiseLevel = 350;

/// What takes the place of a model's own parts; empty: nothing does.
struct Parts {
  std::filesystem::path unet = {};  ///< A file, or a folder with config.json.
  std::filesystem::path vae = {};   ///< Likewise.
  std::string prediction = {};      ///< "epsilon", "v_prediction" or "sample".
};

/// What an unCLIP model sees pictures by.
struct PictureParts {
  Component image_encoder;
  Component image_normalizer;  ///< "mean" and "std" of what the encoder sees in pictures, number by number.
  nlohmann::json image_noising_scheduler_config;  ///< By which what is seen is noised.
};

/// Everything a Stable Diffusion model needs, whatever form it was stored in.
struct Checkpoint {
  std::filesystem::path path;
  std::string format;  ///< "diffusers folder", "CompVis safetensors", "CompVis ckpt" or "CompVis GGUF".
  Component text_encoder;
  Component unet;
  Component vae;
  nlohmann::json scheduler_config;
  std::filesystem::path
      tokenizer_dir;  ///< Holds vocab.json + merges.txt; empty: use the standard CLIP vocabulary.
  std::vector<AppliedLora> loras = {};    ///< In the order in which they were added.
  std::vector<std::string> notices = {};  ///< Lines for the user on how the files were read.
  /// "_latentdial" of a folder's model_index.json: perhaps "guidance_scale", the default one, 0 to 100, and
  /// "example", settings to begin with.
  nlohmann::json defaults = nlohmann::json::object();
  /// Of an upscaler: the schedule by which its small picture is noised, and the highest level of that.
  nlohmann::json low_res_scheduler_config = nullptr;
  std::int64_t max_noise_level = 0;
  /// The second text encoder of a model that reads prompts with two (SDXL), and the folder of its tokenizer.
  /// SDXL's refiner has that one alone, as its only one.
  std::optional<Component> text_encoder_2 = {};
  std::filesystem::path tokenizer_2_dir = {};
  /// Whether zeros stand for an empty negative prompt's states ("force_zeros_for_empty_prompt").
  bool zeros_for_empty_prompt = false;
  std::optional<PictureParts> pictures = {};  ///< Of an unCLIP model.

  /// All components, the text encoders first, those of an unCLIP model for pictures last.
  [[nodiscard]] std::vector<const Component*> components() const;
};

/// Opens a diffusers folder, a single `.safetensors` (CompVis keys), a `.ckpt` or a `.gguf`, and puts other
/// parts into it. Tensors stay mapped where
/// they can be. A single file takes tokenizer/, unet/config.json, vae/config.json, text_encoder/config.json
/// and scheduler/… from the folder it lies in when they are there; otherwise the configs are inferred from
/// the tensors' names and shapes. Throws invalid_input with one line for anything that is not a readable
/// model.
[[nodiscard]] Checkpoint open_checkpoint(const std::filesystem::path& path, const Parts& parts = {});

}  // namespace latentdial::detail
