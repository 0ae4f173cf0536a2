#include "denoise/anchored_edit.h"

#include <algorithm>
#include <cstddef>

#include "latentdial/error.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail {
namespace {

/// A finished picture and the noise that it and its edits get.
struct Original {
  const Denoising* run;
  const Conditioning* conditioning;
  TorchGenerator generator;
};

/// An edit under way.
struct Change {
  const Conditioning* conditioning;
  std::size_t original;  ///< Which of the originals it changes.
  Tensor latents;        ///< Δ, the change so far.
  bool takes_layout;
};

/// All edits and the originals that they share.
struct Edits {
  std::vector<Original> originals;
  std::vector<Change> changes;
};

Edits start(const std::vector<AnchoredEdit>& list) {
  Edits edits;
  auto& originals = edits.originals;
  for (const auto& edit : list) {
    const auto known = std::find_if(originals.begin(), originals.end(),
                                    [&](const Original& other) { return other.run == edit.original; });
    const auto place = static_cast<std::size_t>(known - originals.begin());
    if (known == originals.end()) originals.push_back({edit.original, &edit.plain, edit.original->generator});
    const bool from_nothing = !edit.change.defined();
    edits.changes.push_back({&edit.conditioning, place,
                             from_nothing ? Tensor::zeros(edit.original->latents.shape()) : edit.change,
                             from_nothing});
  }
  return edits;
}

Tensor edited(const Edits& edits, const Change& change) {
  return linear_combination({{1, edits.originals[change.original].run->latents}, {1, change.latents}});
}

/// What is left of the noise after evaluation i: σ'/σ.
double noise_kept(const Sampler& sampler, int i) {
  return i + 1 < sampler.evaluations() ? sampler.sigma(i + 1) / sampler.sigma(i) : 0;
}

/// One evaluation of all originals and edits: brings the changes to the next noise level.
void advance(PromptedDenoiser& denoiser, const Sampler& sampler, Edits& edits, int i,
             const EditRecipe& recipe) {
  const double progress = sampler.progress(i);
  std::vector<Tensor> noises, noised;  // Of the originals; of all pictures, originals before edits.
  std::vector<GuidedLatents> pictures;
  const auto add = [&](const Tensor& latents, const Conditioning& conditioning, std::int64_t layout_of) {
    noised.push_back(latents);
    pictures.push_back({sampler.scale_model_input(latents, i), conditioning(progress), layout_of});
  };
  for (Original& original : edits.originals) {
    const Tensor& latents = original.run->latents;
    noises.push_back(original.generator.randn_nhwc(latents.shape()));
    add(sampler.add_noise(latents, noises.back(), i), *original.conditioning, -1);
  }
  for (const Change& change : edits.changes) {
    const bool takes_layout = change.takes_layout && progress < recipe.layout_until;
    add(sampler.add_noise(edited(edits, change), noises[change.original], i), *change.conditioning,
        takes_layout ? static_cast<std::int64_t>(change.original) : -1);
  }
  std::vector<Tensor> seen = denoiser.guided(
      pictures, sampler.timestep(i),
      {static_cast<std::size_t>(recipe.layout_level), static_cast<float>(recipe.layout_share)});
  for (std::size_t k = 0; k < seen.size(); ++k) seen[k] = sampler.split_prediction(seen[k], noised[k], i).x0;
  const double kept = noise_kept(sampler, i);
  auto styled = seen.begin() + static_cast<std::ptrdiff_t>(edits.originals.size());
  for (Change& change : edits.changes) {
    change.latents = linear_combination(
        {{kept, change.latents}, {1 - kept, *styled++}, {kept - 1, seen[change.original]}});
  }
}

/// PNDM evaluates one noise level twice; an edit has nothing to do there the first time.
bool lowers_noise(const Sampler& sampler, int i) {
  return noise_kept(sampler, i) < 1;
}

}  // namespace

int edit_steps(const Sampler& sampler, int first, int passes) {
  int steps = 0;
  for (int i = first; i < sampler.evaluations(); ++i) steps += lowers_noise(sampler, i) ? 1 : 0;
  return passes * steps;
}

std::vector<Tensor> edit(PromptedDenoiser& denoiser, const std::vector<AnchoredEdit>& list, int first,
                         const EditRecipe& recipe, const OnEvaluation& on_evaluation,
                         const std::stop_token& stop) {
  if (list.empty()) return {};
  const Sampler& sampler = *list.front().original->sampler;
  Edits edits = start(list);
  denoiser.expect(sampler.timesteps(first, sampler.evaluations()));
  for (int pass = 0; pass < recipe.passes; ++pass) {
    for (int i = first; i < sampler.evaluations(); ++i) {
      if (!lowers_noise(sampler, i)) continue;
      if (stop.stop_requested()) throw Error(ErrorCode::cancelled, "stopped before the picture was finished");
      advance(denoiser, sampler, edits, i, recipe);
      if (on_evaluation) on_evaluation([&](std::size_t k) { return edited(edits, edits.changes[k]); });
    }
  }
  std::vector<Tensor> latents;
  for (const Change& change : edits.changes) latents.push_back(edited(edits, change));
  return latents;
}

}  // namespace latentdial::detail
