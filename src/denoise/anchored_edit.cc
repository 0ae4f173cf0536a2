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

/// The noise of a step, which is drawn when it is first asked for; steps are asked for in order.
const Tensor& noise_at(LookedAt& original, std::size_t step, double progress) {
  if (original.noise.size() <= step) {
    const bool is_kept = !original.noise.empty() && progress >= original.one_noise_from;
    original.noise.push_back(is_kept ? original.noise.back()
                                     : original.generator.randn_nhwc(original.latents.shape()));
  }
  return original.noise[step];
}

/// Originals that are not yet seen at the step that is to come, each once.
std::vector<LookedAt*> unseen(std::span<const AnchoredEdit> edits) {
  std::vector<LookedAt*> list;
  for (const AnchoredEdit& edit : edits) {
    LookedAt* original = edit.original.get();
    if (!edit.rule && original->seen.size() <= edit.steps && std::ranges::find(list, original) == list.end())
      list.push_back(original);
  }
  return list;
}

/// What the denoiser is asked at one evaluation.
struct Questions {
  std::vector<Tensor> noised;  ///< Of all pictures: those originals that are looked at, then the edits.
  std::vector<GuidedLatents> pictures;
};

Questions ask(const Sampler& sampler, std::span<const AnchoredEdit> edits,
              const std::vector<LookedAt*>& originals, int i, const EditRecipe& recipe) {
  const double progress = sampler.progress(i);
  Questions asked;
  const auto add = [&](Tensor latents, const Conditioning& conditioning, std::int64_t layout_of) {
    asked.pictures.push_back({sampler.scale_model_input(latents, i), conditioning(progress), layout_of});
    asked.noised.push_back(std::move(latents));
  };
  for (LookedAt* original : originals)
    add(sampler.add_noise(original->latents, noise_at(*original, original->seen.size(), progress), i),
        original->conditioning, -1);
  for (const AnchoredEdit& edit : edits) {
    const auto place = std::ranges::find(originals, edit.original.get());
    const bool takes_layout = place != originals.end() && progress < recipe.layout_until;
    add(sampler.add_noise(edited(edit), noise_at(*edit.original, edit.steps, progress), i), edit.conditioning,
        takes_layout ? place - originals.begin() : -1);
  }
  return asked;
}

/// What a picture under noise is on a flow's path, (1−t)·x + t·n.
Tensor on_flow(const Sampler& sampler, const Tensor& noised, int i) {
  const NoiseLevel level = sampler.noise_level(i);
  return linear_combination({{1.0 / (double{level.signal} + level.noise), noised}});
}

/// One evaluation of all edits, and of the originals that are not yet seen there: brings the changes to the
/// next noise level.
void advance(PromptedDenoiser& denoiser, const Sampler& sampler, std::span<AnchoredEdit> edits, int i,
             const EditRecipe& recipe) {
  const std::vector<LookedAt*> originals = unseen(edits);
  const Questions asked = ask(sampler, edits, originals, i, recipe);
  const std::vector<Tensor> answers = denoiser.guided(
      asked.pictures, sampler.timestep(i),
      {static_cast<std::size_t>(recipe.layout_level), static_cast<float>(recipe.layout_share)});
  const auto clean = [&](std::size_t k) {
    return sampler.split_prediction(answers[k], asked.noised[k], i).x0;
  };
  for (std::size_t k = 0; k < originals.size(); ++k) originals[k]->seen.push_back(clean(k));
  const double kept = noise_kept(sampler, i);
  for (std::size_t k = originals.size(); AnchoredEdit & edit : edits) {
    const LookedAt& original = *edit.original;
    const Term past = {kept, edit.change};
    if (edit.rule) {
      const Tensor flow = on_flow(sampler, asked.noised[k], i);
      edit.change = linear_combination({past, {1 - kept, edit.rule({original.latents, flow, clean(k)})}});
    } else {
      edit.change =
          linear_combination({past, {1 - kept, clean(k)}, {kept - 1, original.seen.at(edit.steps)}});
    }
    ++edit.steps;
    ++k;
  }
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
