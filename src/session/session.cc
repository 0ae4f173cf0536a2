#include "session/session.h"

#include <algorithm>
#include <utility>

namespace latentdial::detail {
namespace {

constexpr std::size_t kMostPrompts = 64;
constexpr std::size_t kMostTrunks = 16;
constexpr std::size_t kMostKeys = 16;  // Of four styles of one content, or of a batch of contents.
constexpr std::size_t kFewestEdited = 8;
constexpr std::size_t kMostEditedBytes = 64u << 20;
// Each keeps one tensor of latents per step: 3 MiB for 512x512 in 50 steps.
constexpr std::size_t kMostInverted = 8;

EncodedPrompt read(const Model& model, ReadPrompts& prompts, const std::string& text, PromptSyntax syntax,
                   std::vector<std::string>& notices, int clip_skip) {
  const std::tuple key(text, syntax, clip_skip);
  if (prompts.find(key) == nullptr) {
    ReadText made = model.texts.read(text, syntax, clip_skip);
    made.encoded.condition = model.told(std::move(made.encoded.condition));
    prompts.keep(key, std::move(made));
    prompts.trim();
  }
  const auto& [encoded, notice] = *prompts.find(key);
  if (!notice.empty() && std::ranges::find(notices, notice) == notices.end()) notices.push_back(notice);
  return encoded;
}

/// The session's model with one LoRA more.
DialledModel& dial(Session& session, const LoraUse& lora) {
  auto& dialled = session.dialled;
  if (dialled && dialled->lora == lora) return *dialled;
  session.release_dialled();
  auto loras = session.loras;
  loras.push_back(lora);
  dialled.reset(new DialledModel{lora, session.variants->with(loras), ReadPrompts(kMostPrompts)});
  return *dialled;
}

}  // namespace

Session::Session(std::shared_ptr<ModelVariants> of, std::vector<LoraUse> with)
    : variants(std::move(of)),
      loras(std::move(with)),
      model(variants->with(loras)),
      refiner(model->refiner ? std::make_unique<Session>(std::make_shared<ModelVariants>(model->refiner))
                             : nullptr),
      denoiser(model->unet, *model->denoiser_backend),
      prompts(kMostPrompts),
      trunks(kMostTrunks),
      edited(kFewestEdited, kMostEditedBytes,
             [](const EditedPicture& picture) { return picture.image.rgb.size(); }),
      layouts(kMostTrunks),
      keys(kMostKeys),
      widest(kMostKeys),
      changes(kMostKeys),
      inverted(kMostInverted),
      word_masks(kMostTrunks),
      shown_words(kMostTrunks),
      known_parts(kMostInverted),
      embeddings(kMostTrunks) {}

EncodedPrompt Session::encode(const std::string& text, PromptSyntax syntax, std::vector<std::string>& notices,
                              int clip_skip) {
  return read(*model, prompts, text, syntax, notices, clip_skip);
}

EncodedPrompt Session::encode_with(const LoraUse& lora, const std::string& text, PromptSyntax syntax,
                                   std::vector<std::string>& notices, int clip_skip) {
  DialledModel& by = dial(*this, lora);
  return read(*by.model, by.prompts, text, syntax, notices, clip_skip);
}

Condition Session::asked_of(const LoraUse& lora, Condition condition, Condition own) {
  const auto& by = dial(*this, lora).model;
  condition.denoiser = std::shared_ptr<const models::Denoiser>(by, &by->unet);
  condition.own = std::make_shared<const Condition>(std::move(own));
  return condition;
}

void Session::release_dialled() {
  if (dialled) denoiser.forget(dialled->model->unet);
  dialled.reset();
}

const Denoising& Session::finished(const Content& content) const {
  const auto sampler = make_sampler(content.sampling, model->schedule);
  return *trunks.find({{content, {}}, sampler->evaluations()});
}

void Session::trim() {
  trunks.trim();
  edited.trim();
  layouts.trim();
  keys.trim();
  widest.trim();
  changes.trim();
  inverted.trim();
  word_masks.trim();
  shown_words.trim();
  known_parts.trim();
  embeddings.trim();
}

}  // namespace latentdial::detail
