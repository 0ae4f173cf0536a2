#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "latentdial/export.h"
#include "latentdial/image.h"
#include "latentdial/meter.h"
#include "latentdial/operation_time.h"
#include "latentdial/request.h"
#include "latentdial/settings.h"

namespace latentdial {

/// A word that textual inversion has learnt.
struct LearntWord {
  std::string word;  ///< As prompts have it, whole and in any case.
  int vectors = 0;   ///< Token embeddings that it stands for.
  int width = 0;     ///< Of each.
};

/// What is known of a loaded model.
struct ModelInfo {
  std::string name;  ///< Stem of the path, or "scenes"; with "+NAME:SCALE" for each LoRA.
  std::string path;  ///< Where it was read from.
  /// 16 hexadecimal digits of text encoder, U-Net, autoencoder, tokenizer and LoRAs: a dial belongs to one.
  /// Made of samples of every tensor, so not cryptographic. "" where `inspect_model` finds no tokenizer.
  std::string fingerprint;
  /// 10 digits of all that makes pictures, which they carry as "Model hash": the fingerprint's first, or
  /// others where words of textual inversion or a TAESD are loaded too.
  std::string hash;
  std::string format;      ///< "diffusers folder", "CompVis safetensors", … "ckpt", … "GGUF".
  std::string device;      ///< What computes: processor, instruction set, threads, number format.
  std::string prediction;  ///< "epsilon" or "v_prediction".
  bool inpaints = false;   ///< An inpainting checkpoint, told what is redrawn.
  /// An upscaler, told a small picture: how many times as wide and high it makes that; 0: not one. It does
  /// nothing else.
  int upscales_by = 0;
  bool takes_reference = false;  ///< An unCLIP model: it draws what Settings::reference shows.
  int max_noise_level = 0;       ///< Of these two: the most of Settings::noise_level.
  std::string sampler;           ///< The default sampler, from the model's scheduler config.
  std::string scheduler;         ///< The default scheduler, from the same, where the sampler has it.
  double guidance_scale = 7.5;   ///< The default: the folder's, an upscaler's 9, SDXL's 5, unCLIP's 10.
  std::string example = "{}";    ///< Settings to begin with, from the model's folder: a JSON object.
  int width = 0;                 ///< Native size in pixels.
  int height = 0;
  int max_tokens = 0;                       ///< Length of the text encoder's window, start and end included.
  std::int64_t parameters = 0;              ///< Weights of all parts together.
  std::uint64_t memory = 0;                 ///< Bytes that they take when they are loaded.
  std::string decoder;                      ///< "TAESD" where one decodes; empty: the model's own VAE.
  std::string refiner;                      ///< Name of ModelOptions::refiner; empty: none.
  std::vector<std::string> loras;           ///< "NAME x SCALE: N of M layers applied", one a LoRA.
  std::vector<std::string> dials;           ///< Styles of ModelOptions::dials.
  std::vector<LearntWord> embeddings;       ///< Words of textual inversion.
  std::vector<std::string> notices;         ///< Lines for the user on how the model's files were read.
  std::vector<std::string> unused_tensors;  ///< Tensors of the files that the model has no place for.
};

/// How far one picture is, or several that are made in one batch.
struct StepProgress {
  int step = 0;   ///< Steps done.
  int steps = 0;  ///< Steps in all, those of an inversion too, less what an earlier picture has done already.
  int pictures = 1;  ///< Pictures in the batch.
  /// U-Net evaluations done, and in all, of every picture of the list; of a picture in a batch each one
  /// counts. `all_evaluations` may turn out another while the work goes on.
  std::int64_t evaluations = 0, all_evaluations = 0;

  /// Of all work, 0 to 1; of the batch's where evaluations are not counted.
  [[nodiscard]] double share() const {
    if (all_evaluations > 0) return static_cast<double>(evaluations) / static_cast<double>(all_evaluations);
    return steps > 0 ? static_cast<double>(step) / steps : 0;
  }
};

/// A picture under way: the clean latents that the model sees in the noise after a step, decoded. An edit of
/// a finished picture (`anchored`) is shown as far as it is.
struct Preview {
  std::size_t picture = 0;  ///< Its place in the list that `generate` was given.
  int step = 0;             ///< As StepProgress has it.
  Image image;              ///< Of the picture's own size; in the first of two passes of that one's.
};

/// Called from `generate` on the caller's thread.
struct Observer {
  std::function<void(const StepProgress&)> on_step;
  /// Asked after each step but the last, for each picture of the batch by its place in the list: whether
  /// on_preview is to get it as it is now. A preview costs a decoding, and changes no picture; while a
  /// picture is inverted there is none.
  std::function<bool(const StepProgress&, std::size_t picture)> wants_preview = {};
  std::function<void(Preview)> on_preview = {};
  std::stop_token stop;  ///< When asked, `generate` throws Error(cancelled) within a second, at any size.
};

/// One finished picture.
struct Picture {
  Image image;
  Settings settings;       ///< As given, with every default filled in.
  std::string parameters;  ///< The text for its PNG.
  /// Lines for the user: words that did not fit the prompt's window, a dtype fallback.
  std::vector<std::string> notices;
  /// The dial's position that it shows: settings.position, held within the range of its dial file; none where
  /// the model shows nothing of the style.
  std::optional<double> shows = 0;
  double seconds = 0;  ///< Its share of the time that its batch took.
};

/// Gets each picture of a list as soon as it is finished, with its place in the list. Of a batch the key
/// pictures of a dial come before those that are drawn between them.
using OnPicture = std::function<void(std::size_t index, Picture picture)>;

namespace detail {
struct PipelineAccess;
}

/// A loaded checkpoint and what one caller's pictures have left in memory: the engine. Thread-safe; the calls
/// of one pipeline run one after the other, those of several at once.
class LATENTDIAL_API Pipeline {
 public:
  /// Loads and packs all weights. Throws invalid_input when the model cannot be read.
  static Pipeline load(const ModelOptions& options);
  /// A pipeline for another caller on the same weights, with memories of its own.
  [[nodiscard]] Pipeline share() const;
  ~Pipeline();
  Pipeline(Pipeline&&) noexcept;
  Pipeline& operator=(Pipeline&&) noexcept;

  [[nodiscard]] const ModelInfo& info() const;
  /// The settings with this model's defaults filled in, validated for it; files that they name are opened.
  /// Throws invalid_input.
  [[nodiscard]] Settings resolve(const Request& request) const;
  /// The text that the request's picture gets for its PNG (to_parameters). Throws invalid_input.
  [[nodiscard]] std::string parameters(const Request& request) const;
  /// Makes the picture: encode → dial → denoise → decode.
  [[nodiscard]] Picture generate(const Request& request, const Observer& observer = {}) const;
  /// Makes several as one job, the same pictures as one by one. Neighbours of one size and schedule are
  /// denoised in one batch, as many as fit; those that differ only in the dial's position share every step
  /// before it acts.
  void generate(const std::vector<Request>& list, const OnPicture& on_picture,
                const Observer& observer = {}) const;
  /// How much of a style each picture shows, read by the checkpoint alone (docs/method.md, "The meter").
  /// Pictures are resized and cropped to the model's own size. Throws invalid_input.
  [[nodiscard]] std::vector<Reading> measure(const std::vector<Image>& pictures,
                                             const Measurement& measurement,
                                             const Observer& observer = {}) const;
  /// Where the time went since loading, longest first; empty without ModelOptions::profile.
  [[nodiscard]] std::vector<OperationTime> profile() const;

 private:
  friend class Stages;
  friend struct detail::PipelineAccess;
  struct LATENTDIAL_LOCAL State;
  explicit Pipeline(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// What a model file holds, without loading its weights into memory, which would be as `dtype`
/// (ModelOptions::dtype). Throws invalid_input where it cannot be read.
[[nodiscard]] LATENTDIAL_API ModelInfo inspect_model(const std::string& path, const std::string& dtype = "");

/// Bytes of memory that this process may use: what its control group allows, or all that the machine has.
[[nodiscard]] LATENTDIAL_API std::uint64_t allowed_memory();

/// The LoRA files that prompts may name of a folder (ModelOptions::lora_dir), in order: the names of the
/// files without their places, one for each name that `<lora:NAME>` may have. Throws invalid_input of
/// "lora_dir" for a folder that cannot be read.
[[nodiscard]] LATENTDIAL_API std::vector<std::string> list_lora_files(const std::string& folder);

/// What would compute with these options: device, instruction set, threads and number format, in one line.
[[nodiscard]] LATENTDIAL_API std::string describe_device(const ModelOptions& options);

}  // namespace latentdial
