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

}  // namespace

Session::Session(std::shared_ptr<const Model> loaded)
    : model(std::move(loaded)),
      denoiser(model->unet, *model->denoiser_backend, model->nothing_known,
               model->unet.config().pooled_text_dim > 0 ? model->vae_config.downscale() : 0),
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
      known_parts(kMostInverted) {}

EncodedPrompt Session::encode(const std::string& text, PromptSyntax syntax,
                              std::vector<std::string>& notices) {
  const std::pair key(text, syntax);
  if (prompts.find(key) == nullptr) {
    prompts.keep(key, model->texts.read(text, syntax));
    prompts.trim();
  }
  const auto& [encoded, notice] = *prompts.find(key);
  if (!notice.empty() && std::ranges::find(notices, notice) == notices.end()) notices.push_back(notice);
  return encoded;
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
}

}  // namespace latentdial::detail
