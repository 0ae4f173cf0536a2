#pragma once

#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "denoise/denoising.h"
#include "denoise/inversion.h"
#include "denoise/prompted_denoiser.h"
#include "latentdial/image.h"
#include "model/model.h"
#include "model/model_variants.h"
#include "session/memory.h"
#include "task/task.h"

namespace latentdial::detail {

/// What decides the state of a picture before some evaluation: all that its pictures have in common until
/// then.
struct TrunkKey {
  Task task;      ///< Its turn is what all positions share (Turn::shared).
  int until = 0;  ///< The evaluation.
  bool operator==(const TrunkKey&) const = default;
};

/// What decides where a finished picture shows some words.
struct WordMaskKey {
  Content content;
  std::string words;
  bool operator==(const WordMaskKey&) const = default;
};

/// What decides where a picture shows some words that need not be its prompt's.
struct ShownWords {
  InputImage image;
  std::string words;  ///< Parted by commas.
  bool operator==(const ShownWords&) const = default;
};

/// An edit of a finished picture, or that picture as it is.
struct EditedPicture {
  Image image;
  double change = 0;  ///< visible_change of its latents.
};

/// What a model has read of prompts; a sweep asks for the same again.
using ReadPrompts = Memory<std::tuple<std::string, PromptSyntax, int>, ReadText>;

/// The model of a session with one LoRA more, on the dial.
struct DialledModel {
  LoraUse lora;
  std::shared_ptr<const Model> model;
  ReadPrompts prompts;
};

/// One caller's memories of what was made with a model. One more position of a dial, or the same start
/// picture again, costs what is new. Used by one thread at a time.
struct Session {
  /// Of the model with these LoRAs.
  explicit Session(std::shared_ptr<ModelVariants> variants, std::vector<LoraUse> loras = {});

  std::shared_ptr<ModelVariants> variants;
  std::vector<LoraUse> loras;
  std::shared_ptr<const Model> model;
  std::unique_ptr<Session> refiner;  ///< Of the model's refiner; null where it has none.
  PromptedDenoiser denoiser;         ///< Asks the refiner's where a condition brings that.
  ReadPrompts prompts;
  Memory<TrunkKey, Denoising> trunks;  ///< All positions of a dial go on from one.
  Memory<Task, EditedPicture> edited;  ///< Positions of a dial are mixed of these.
  Memory<Content, std::shared_ptr<const Layouts>>
      layouts;                          ///< All of a path take a share of the plain one's.
  Memory<Task, Tensor> keys;            ///< Key pictures' latents, by their turn's strength, which is not 0.
  Memory<Task, double> widest;          ///< The strength of the last key picture on the way to a styled end.
  Memory<Task, double> changes;         ///< What the model sees of a path's end (seen_change.h).
  Memory<Content, Inversion> inverted;  ///< All positions of a dial start from one.
  Memory<WordMaskKey, Tensor> word_masks;      ///< All positions of a dial act within one.
  Memory<ShownWords, InputImage> shown_words;  ///< White where they are: what is redrawn.
  Memory<Content, Tensor> known_parts;  ///< As an inpainting model is told them; of a content's sampling and
                                        ///< source alone.
  Memory<InputImage, Tensor> embeddings;  ///< Of references, as the image encoder has them.
  int inversions = 0;                     ///< Pictures inverted so far.
  std::unique_ptr<DialledModel> dialled;  ///< The last one.

  /// What a text that is the same at every step is to the denoiser; adds a line to `notices` when words did
  /// not fit. `clip_skip` is Settings::clip_skip.
  [[nodiscard]] EncodedPrompt encode(const std::string& text, PromptSyntax syntax,
                                     std::vector<std::string>& notices, int clip_skip = 1);
  /// The same by the model with one LoRA more. It is loaded where it is not the last one, whose memory is
  /// then free unless a conditioning still has it.
  [[nodiscard]] EncodedPrompt encode_with(const LoraUse& lora, const std::string& text, PromptSyntax syntax,
                                          std::vector<std::string>& notices, int clip_skip = 1);
  /// `condition`, which that model has of the words that this one has `own` of, to be asked of its denoiser.
  [[nodiscard]] Condition asked_of(const LoraUse& lora, Condition condition, Condition own);
  /// Lets go of that model, which another caller may need the memory of.
  void release_dialled();
  /// The finished picture of a content, without a dial; it must be known.
  [[nodiscard]] const Denoising& finished(const Content& content) const;
  void trim();
};

}  // namespace latentdial::detail
