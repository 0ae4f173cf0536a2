#include "denoise/anchored_edit.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <utility>

#include "latentdial/error.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail {
namespace {

/// What is left of the noise after evaluation i: σ'/σ.
double noise_kept(const Sampler& sampler, int i) {
  return i + 1 < sampler.evaluations() ? sampler.sigma(i + 1) / sampler.sigma(i) : 0;
}

/// PNDM evaluates one noise level twice; an edit has nothing to do there the first time.
bool lowers_noise(const Sampler& sampler, int i) {
  return noise_kept(sampler, i) < 1;
}

/// The originals of the edits, each once.
std::vector<LookedAt*> originals_of(std::span<const AnchoredEdit> edits) {
  std::vector<LookedAt*> list;
  for (const AnchoredEdit& edit : edits)
    if (std::ranges::find(list, edit.original.get()) == list.end()) list.push_back(edit.original.get());
  return list;
}

/// Whether an edit goes by what is seen of this original.
bool is_looked_at(const LookedAt* original, std::span<const AnchoredEdit> edits) {
  return std::ranges::any_of(
      edits, [&](const AnchoredEdit& edit) { return !edit.rule && edit.original.get() == original; });
}

LayoutShare layout_of(const EditRecipe& recipe) {
  return {static_cast<std::size_t>(recipe.layout_level), static_cast<float>(recipe.layout_share)};
}

/// What the denoiser sees in latents under noise [1,h,w,C].
Tensor clean_of(const Sampler& sampler, const Tensor& prediction, const Tensor& noised, int i) {
  return sampler.split_prediction(prediction, noised, i).x0;
}

/// Looks at originals under their noise.
void look(PromptedDenoiser& denoiser, const Sampler& sampler, const std::vector<LookedAt*>& originals, int i,
          const EditRecipe& recipe) {
  if (originals.empty()) return;
  std::vector<Tensor> noised;
  std::vector<GuidedLatents> asked;
  for (LookedAt* original : originals) {
    original->layout.forget();
    noised.push_back(sampler.add_noise(original->latents, original->noise, i));
    asked.push_back({.latents = sampler.scale_model_input(noised.back(), i),
                     .step = original->conditioning(sampler.progress(i)),
                     .layout_to = &original->layout});
  }
  const auto answers = denoiser.guided(asked, sampler.timestep(i), layout_of(recipe));
  for (std::size_t k = 0; k < originals.size(); ++k)
    originals[k]->seen = clean_of(sampler, answers[k], noised[k], i);
}

/// What a picture under noise is on a flow's path, (1−t)·x + t·n.
Tensor on_flow(const Sampler& sampler, const Tensor& noised, int i) {
  const NoiseLevel level = sampler.noise_level(i);
  return linear_combination({{1.0 / (double{level.signal} + level.noise), noised}});
}

/// Brings a change to the next noise level, by what is seen of the edited picture now.
void change(const Sampler& sampler, AnchoredEdit& edit, const Tensor& noised, const Tensor& clean, int i) {
  const LookedAt& original = *edit.original;
  const double kept = noise_kept(sampler, i);
  const Term past = {kept, edit.change};
  if (edit.rule) {
    const Tensor flow = on_flow(sampler, noised, i);
    edit.change = linear_combination({past, {1 - kept, edit.rule({original.latents, flow, clean})}});
  } else {
    edit.change = linear_combination({past, {1 - kept, clean}, {kept - 1, original.seen}});
  }
}

/// One evaluation of all edits, under their originals' next noise, and of the originals where an edit goes by
/// them.
void advance(PromptedDenoiser& denoiser, const Sampler& sampler, std::span<AnchoredEdit> edits, int i,
             const EditRecipe& recipe) {
  std::vector<LookedAt*> originals = originals_of(edits);
  for (LookedAt* original : originals)
    if (!original->one_noise || !original->noise.defined())
      original->noise = original->generator.randn_nhwc(original->latents.shape());
  std::erase_if(originals, [&](const LookedAt* original) { return !is_looked_at(original, edits); });
  look(denoiser, sampler, originals, i, recipe);
  const double progress = sampler.progress(i);
  std::vector<Tensor> noised;
  std::vector<GuidedLatents> asked;
  for (const AnchoredEdit& edit : edits) {
    const bool takes_layout = !edit.rule && progress < recipe.layout_until;
    noised.push_back(sampler.add_noise(edited(edit), edit.original->noise, i));
    asked.push_back({.latents = sampler.scale_model_input(noised.back(), i),
                     .step = edit.conditioning(progress),
                     .layout_from = takes_layout ? &edit.original->layout : nullptr});
  }
  const auto answers = denoiser.guided(asked, sampler.timestep(i), layout_of(recipe));
  for (std::size_t k = 0; k < edits.size(); ++k)
    change(sampler, edits[k], noised[k], clean_of(sampler, answers[k], noised[k], i), i);
}

}  // namespace

AnchoredEdit begin_edit(std::shared_ptr<LookedAt> original, Conditioning conditioning) {
  Tensor nothing = Tensor::zeros(original->latents.shape());
  return {std::move(original), std::move(conditioning), std::move(nothing)};
}

Tensor edited(const AnchoredEdit& edit) {
  return linear_combination({{1, edit.original->latents}, {1, edit.change}});
}

int edit_steps(const Sampler& sampler, int first, int until) {
  int steps = 0;
  for (int i = first; i < until; ++i) steps += lowers_noise(sampler, i) ? 1 : 0;
  return steps;
}

void edit(PromptedDenoiser& denoiser, const Sampler& sampler, std::span<AnchoredEdit> edits, int first,
          int until, const EditRecipe& recipe, const OnEvaluation& on_evaluation,
          const std::stop_token& stop) {
  if (edits.empty()) return;
  denoiser.expect(sampler.timesteps(first, until));
  for (int i = first; i < until; ++i) {
    if (!lowers_noise(sampler, i)) continue;
    if (stop.stop_requested()) throw Error(ErrorCode::cancelled, "stopped before the picture was finished");
    advance(denoiser, sampler, edits, i, recipe);
    if (on_evaluation) on_evaluation([&](std::size_t k) { return edited(edits[k]); });
  }
}

}  // namespace latentdial::detail
