#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "dial/method.h"
#include "diffusion/random.h"
#include "diffusion/sampler.h"
#include "diffusion/schedule.h"
#include "latentdial/pipeline.h"
#include "models/autoencoder.h"
#include "models/clip_text.h"
#include "models/unet.h"
#include "ops/ops.h"
#include "ops/profile.h"
#include "pipeline/inversion.h"
#include "pipeline/learnt_embeddings.h"
#include "pipeline/picture_decoder.h"
#include "pipeline/prompt_encoder.h"
#include "pipeline/prompted_unet.h"
#include "pipeline/run.h"
#include "pipeline/watch.h"
#include "prompt/tokenizer.h"
#include "weights/checkpoint.h"

namespace latentdial {

/// A loaded checkpoint on its back end, and the stages of making one picture.
struct Pipeline::Engine {
  explicit Engine(const EngineOptions& options);
  Engine(const EngineOptions& options, const Checkpoint& checkpoint);

  /// What the settings condition the picture on: a prompt, plain, dialled, or between two, and the guidance.
  [[nodiscard]] Conditioning condition(const Settings& settings, const Tensor& mask,
                                       std::vector<std::string>& notices) const;
  /// The same with the settings' own mask.
  [[nodiscard]] Conditioning condition(const Settings& settings, std::vector<std::string>& notices) const {
    return condition(settings, mask_of(settings), notices);
  }
  /// The latents [1,h,w,C] of a picture at the model's own size: the mean of the encoder's distribution.
  [[nodiscard]] Tensor encode_pixels(const Image& image) const;
  /// The dial's settings, without the encoded negative prompt.
  [[nodiscard]] DialRequest dial_request(const Settings& settings) const;
  /// Where the style acts, [1,h,w,1]; undefined where no mask is given. That of words must be known.
  [[nodiscard]] Tensor mask_of(const Settings& settings) const;
  /// A picture before its first step.
  [[nodiscard]] Run start(const Settings& settings, Conditioning conditioning) const;
  /// The evaluation from which pictures that differ only in the dial's position differ: those before are
  /// shared.
  [[nodiscard]] int fork_evaluation(const Settings& settings) const;
  /// Whether the dial edits the finished picture, or acts while it is made.
  [[nodiscard]] static bool edits(const Settings& settings);
  /// The evaluations by which a finished picture is edited, their guidance, and the colours to begin with.
  struct EditWindow {
    int first, passes;
    double guidance;
    std::optional<ColourMap> colours = {};
    friend bool operator==(const EditWindow&, const EditWindow&) = default;
  };
  [[nodiscard]] EditWindow edit_window(const Settings& settings) const;
  /// The pictures, one per settings. All are at one point of one schedule with one `fork_evaluation`; what
  /// they share is denoised once, and remembered for positions to come. `notices` holds a list per picture.
  [[nodiscard]] std::vector<Image> make_images(const std::vector<Settings>& list,
                                               std::vector<std::vector<std::string>>& notices,
                                               const Observer& observer);
  /// Whether two pictures are edited alike, in one batch, or both not at all.
  [[nodiscard]] bool edit_together(const Settings& a, const Settings& b) const;
  /// One past the last of `list` that is made in one batch with `list[begin]`.
  [[nodiscard]] std::size_t batch_end(const std::vector<Settings>& list, std::size_t begin) const;
  /// Makes one such batch.
  void generate(const std::vector<Settings>& list, std::size_t begin, std::size_t end,
                const OnPicture& on_picture, const Observer& observer);

  std::shared_ptr<ops::Profile> profile;       ///< Null unless asked for.
  std::unique_ptr<ops::Backend> backend;       ///< Of text encoder and autoencoder.
  std::unique_ptr<ops::Backend> unet_backend;  ///< Differs where the U-Net computes in fewer bits.
  ModelInfo info;
  ScheduleConfig schedule;
  Tokenizer tokenizer;
  LearntEmbeddings learnt;  ///< Of textual inversion.
  models::ClipText text_encoder;
  mutable PromptEncoder prompt_encoder;
  models::UNet unet;
  PromptedUNet prompted_unet;
  models::AutoencoderConfig vae_config;
  models::Encoder encoder;
  PictureDecoder decode;
  std::mutex one_at_a_time;
  /// Forgets what was made of files: they may hold other pictures next time.
  void forget_files();

 private:
  /// The evaluation that a run begins at: 0, or where a start picture's noise ends.
  [[nodiscard]] static int first_evaluation(const Settings& settings, const Sampler& sampler);
  [[nodiscard]] Tensor starting_noise(const Settings& settings, TorchGenerator& generator) const;
  [[nodiscard]] Tensor encode_image(const Settings& settings, TorchGenerator& generator) const;
  /// `condition` for prompts that are the same at every step.
  [[nodiscard]] Conditioning condition_constant(const Settings& settings, const Tensor& mask,
                                                std::vector<std::string>& notices) const;
  [[nodiscard]] EncodedPrompt encode_content(const Settings& settings, const std::string& suffix,
                                             std::vector<std::string>& notices) const;
  /// What the positions of a dial have in common.
  [[nodiscard]] static Settings trunk_settings(Settings settings);
  void make_trunks(const std::vector<Settings>& list, std::vector<std::string>& notices, Watch& watch);
  [[nodiscard]] const Run* find_trunk(const Settings& settings) const;
  /// From their trunks on, the latents of each of `list`.
  [[nodiscard]] std::vector<Tensor> denoise_forks(const std::vector<Settings>& list,
                                                  std::vector<std::string>& notices, Watch& watch);
  /// A picture under way, as it is to be shown.
  [[nodiscard]] Image preview(const Tensor& clean_latents) const;

  /// A finished picture, edited at some strength, 0 for the picture itself: positions of a dial are mixed of
  /// these.
  struct EditedPicture {
    Settings settings;  ///< At position 0, without a dial file.
    double strength = 0;
    EditWindow window = {};
    Image image;
    [[nodiscard]] bool is(const EditedPicture& other) const {
      return strength == other.strength && window == other.window && settings == other.settings;
    }
  };
  /// What a dial position is mixed of.
  struct PlannedEdit {
    Settings settings;
    std::vector<EditShare> shares;
    EditWindow window;
  };
  /// Adds a line to `notices` when the position is out of the dial's range.
  [[nodiscard]] PlannedEdit plan_edit(const Settings& settings, std::vector<std::string>& notices) const;
  /// The pictures that a list is mixed of and that are not known yet.
  [[nodiscard]] std::vector<EditedPicture> pictures_to_edit(const std::vector<PlannedEdit>& list) const;
  /// The denoising steps that this takes.
  [[nodiscard]] static int editing_steps(const std::vector<EditedPicture>& pictures, const Sampler& sampler);
  /// Edits them in one batch, from their trunks, and remembers them. All have one window. `planned` is what
  /// they are for: the previews are of that.
  void edit_pictures(std::vector<EditedPicture> pictures, const std::vector<PlannedEdit>& planned,
                     std::vector<std::string>& notices, Watch& watch);
  /// What the colours of an edit of this strength change of a picture's latents.
  [[nodiscard]] Tensor change_of_colours(const Run& picture, const ColourMap& map, double strength) const;
  [[nodiscard]] std::vector<Tensor> edit_trunks(const std::vector<EditedPicture>& pictures,
                                                const std::vector<PlannedEdit>& planned,
                                                std::vector<std::string>& notices, Watch& watch);
  /// A dial position whose edited pictures are known or among `under_way`: their weighted sum, pixel by
  /// pixel.
  [[nodiscard]] Image mixed_image(const PlannedEdit& planned,
                                  const std::vector<EditedPicture>& under_way = {}) const;
  void forget_old_edits();

  /// A picture and what decides its inversion; neither the dial nor another picture has a say in it.
  struct InvertedPicture {
    Settings settings;
    Image picture;  ///< At the settings' size.
    Inversion inversion;
  };
  /// The pictures of a list whose inversion is not known yet, or whose file has changed.
  [[nodiscard]] std::vector<InvertedPicture> pictures_to_invert(const std::vector<Settings>& list) const;
  /// Inverts them, at most `at_once` in one batch, and remembers the latest.
  void invert_pictures(std::vector<InvertedPicture> pictures, std::size_t at_once,
                       std::vector<std::string>& notices, Watch& watch);
  [[nodiscard]] Run start_inverted(const Settings& settings, Conditioning conditioning) const;

  /// Where a finished picture shows the words of `mask_words`.
  struct WordMask {
    Settings settings;  ///< Of the plain picture, and the words.
    Tensor mask;
  };
  /// Of the words' masks in a list that are not known yet: the plain pictures to be looked at.
  [[nodiscard]] std::vector<Settings> pictures_with_words(const std::vector<Settings>& list) const;
  /// Makes them where no position of the dial shares them, looks at them, and remembers the masks.
  void find_words(const std::vector<Settings>& pictures, std::vector<std::string>& notices, Watch& watch);
  [[nodiscard]] const WordMask* find_word_mask(const Settings& settings) const;

  void forget_the_oldest();

  /// What all positions of a dial share, up to where they part.
  struct Trunk {
    Settings settings;  ///< At position 0, or of the plain picture.
    Run run;
  };
  std::deque<Trunk> trunks_;              ///< The latest; one more position costs only what follows.
  std::deque<EditedPicture> edited_;      ///< The latest; one more position between two costs no evaluation.
  std::deque<InvertedPicture> inverted_;  ///< The latest; all positions of a dial start from one.
  std::deque<WordMask> word_masks_;       ///< The latest; all positions of a dial act within one.
};

}  // namespace latentdial
