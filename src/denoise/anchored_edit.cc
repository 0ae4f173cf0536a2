#include "denoise/anchored_edit.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "latentdial/error.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail {
namespace {

/// A finished picture and the noise that it and its edits get.
struct Original {
  const Denoising* run;
  const Conditioning* conditioning;
  TorchGenerator generator;
  bool looked_at;     ///< By edits that compare with it. Those that do not have one noise for the whole run.
  Tensor noise = {};  ///< Of this evaluation.
  Tensor seen = {};   ///< What the model sees of it there.
};

/// An edit under way.
struct Change {
  const Conditioning* conditioning;
  std::size_t original;  ///< Which of the originals it changes.
  const ChangeRule* rule;
  Tensor latents;  ///< Δ, the change so far.
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
    const bool compares = !edit.rule;
    const auto known = std::find_if(originals.begin(), originals.end(), [&](const Original& other) {
      return other.run == edit.original && other.looked_at == compares;
    });
    const auto place = static_cast<std::size_t>(known - originals.begin());
    if (known == originals.end())
      originals.push_back({edit.original, &edit.plain, edit.original->generator, compares});
    const bool from_nothing = !edit.change.defined();
    edits.changes.push_back({&edit.conditioning, place, &edit.rule,
                             from_nothing ? Tensor::zeros(edit.original->latents.shape()) : edit.change,
                             from_nothing && compares});
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

/// What the denoiser is asked at one evaluation.
struct Questions {
  std::vector<Tensor> noised;  ///< Of all pictures: those originals that are looked at, then the edits.
  std::vector<GuidedLatents> pictures;
};

Questions ask(const Sampler& sampler, Edits& edits, int i, const EditRecipe& recipe) {
  const double progress = sampler.progress(i);
  Questions asked;
  const auto add = [&](Tensor latents, const Conditioning& conditioning, std::int64_t layout_of) {
    asked.pictures.push_back({sampler.scale_model_input(latents, i), conditioning(progress), layout_of});
    asked.noised.push_back(std::move(latents));
  };
  std::vector<std::int64_t> places;  // Of the originals among the pictures.
  for (Original& original : edits.originals) {
    const Tensor& latents = original.run->latents;
    if (original.looked_at || !original.noise.defined())
      original.noise = original.generator.randn_nhwc(latents.shape());
    places.push_back(std::ssize(asked.pictures));
    if (original.looked_at) add(sampler.add_noise(latents, original.noise, i), *original.conditioning, -1);
  }
  for (const Change& change : edits.changes) {
    const bool takes_layout = change.takes_layout && progress < recipe.layout_until;
    add(sampler.add_noise(edited(edits, change), edits.originals[change.original].noise, i),
        *change.conditioning, takes_layout ? places[change.original] : -1);
  }
  return asked;
}

/// What a picture under noise is on a flow's path, (1−t)·x + t·n.
Tensor on_flow(const Sampler& sampler, const Tensor& noised, int i) {
  const NoiseLevel level = sampler.noise_level(i);
  return linear_combination({{1.0 / (double{level.signal} + level.noise), noised}});
}

/// One evaluation of all originals and edits: brings the changes to the next noise level.
void advance(PromptedDenoiser& denoiser, const Sampler& sampler, Edits& edits, int i,
             const EditRecipe& recipe) {
  const Questions asked = ask(sampler, edits, i, recipe);
  const std::vector<Tensor> answers = denoiser.guided(
      asked.pictures, sampler.timestep(i),
      {static_cast<std::size_t>(recipe.layout_level), static_cast<float>(recipe.layout_share)});
  std::size_t next = 0;
  const auto clean = [&] { return sampler.split_prediction(answers[next], asked.noised[next], i).x0; };
  for (Original& original : edits.originals) {
    if (!original.looked_at) continue;
    original.seen = clean();
    ++next;
  }
  const double kept = noise_kept(sampler, i);
  for (Change& change : edits.changes) {
    const Original& original = edits.originals[change.original];
    const Tensor seen = clean();
    const Term past = {kept, change.latents};
    if (*change.rule) {
      const Tensor flow = on_flow(sampler, asked.noised[next], i);
      const Tensor changed = (*change.rule)({original.run->latents, flow, seen});
      change.latents = linear_combination({past, {1 - kept, changed}});
    } else {
      change.latents = linear_combination({past, {1 - kept, seen}, {kept - 1, original.seen}});
    }
    ++next;
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
