#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "denoise/prompted_denoiser.h"
#include "dial/conditioning.h"
#include "diffusion/random.h"
#include "diffusion/sampler.h"
#include "latentdial/pipeline.h"
#include "tensor/tiles.h"

namespace latentdial::detail {

/// Latent pixels that are denoised in one batch, of pictures or of tiles: one picture of 512x512, or sixteen
/// of 128x128.
inline constexpr std::int64_t kMostLatentPixels = 64 * 64;

/// What is known of a picture before it is made.
struct KnownPart {
  Tensor latents;  ///< [1,h,w,C], clean: of the whole picture.
  Tensor
      strengths;  ///< [1,h,w,1]: how much of the run each place takes part in, 0 to 1; 0 where it is known.
  bool twice = false;  ///< Kept by a second look at each step (denoise/ding.h), not put back after it.
  /// Whether a place is known when the share `done` of the schedule is.
  [[nodiscard]] bool keeps(std::size_t place, double done) const {
    const float strength = strengths.values()[place];
    return strength == 0 || strength < 1 - done;
  }
};

/// At which evaluations the denoiser's deeper levels are computed; at the others their features are taken
/// from the latest of these.
struct Reuse {
  int every = 1;  ///< At every so many-th from `from` on,
  int from = 0;   ///< and at all before.
  [[nodiscard]] bool computes(int evaluation) const {
    return evaluation < from || (evaluation - from) % every == 0;
  }
};

/// A picture's layout at those evaluations of its run that compute the denoiser's deeper levels.
using Layouts = std::map<int, Features>;

/// One picture under way: its latents and all that decides how they go on.
struct Denoising {
  Conditioning conditioning;
  std::unique_ptr<Sampler> sampler;
  TorchGenerator generator;  ///< Where samplers draw from that want fresh noise.
  Tensor latents;            ///< [1,h,w,C], f32, at the noise level of evaluation `next`.
  int next = 0;
  std::vector<Tensor> corrections = {};  ///< Added to the latents after each evaluation; empty: none.
  std::optional<KnownPart> known = {};   ///< Put back after each evaluation.
  Reuse reuse = {};
  /// What the denoiser's deeper levels made of the latest evaluation that computed them: of the whole, or of
  /// each tile.
  std::vector<Features> deep = std::vector<Features>(1);
  std::shared_ptr<Layouts> layout_to = {};          ///< Where its own is written; null: nowhere.
  std::shared_ptr<const Layouts> layout_from = {};  ///< What it takes a share of; null: nothing.
  /// The parts of the latents that the denoiser looks at one by one, where it does not see them whole.
  std::vector<Tile> tiles = {};
  /// What lies beside the latents of each tile: its part of the channels that all conditions have.
  std::vector<Tensor> beside = {};

  /// The same latents at the same point, to go on by `other`.
  [[nodiscard]] Denoising fork(Conditioning other) const;
};

/// Puts back what is known of a run at its noise level, with new noise. A place of strength s is known until
/// the share 1 − s of the schedule is done (differential diffusion: Levin and Fried 2023, arXiv 2306.00950),
/// one of strength 0 to the end.
void put_back_known(Denoising& run);

/// The picture that a run is on the way to: the clean latents [1,h,w,C], f32, that its latest evaluation
/// predicts.
using CleanLatents = std::function<Tensor(std::size_t run)>;

/// Called after each step of all runs together. `clean` holds for as long as the call; it is empty where a
/// step leads away from the picture, as an inversion's do.
using OnEvaluation = std::function<void(const CleanLatents& clean)>;

/// Takes every run from its `next` to evaluation `until`, all in one batch: they must be at the same point of
/// the same schedule. `layout` says where the layouts of runs are found that give or take one. Throws
/// Error(cancelled) before the next step when asked to stop.
void denoise(PromptedDenoiser& denoiser, std::vector<Denoising>& runs, int until,
             const OnEvaluation& on_evaluation, const std::stop_token& stop, const LayoutShare& layout = {});

}  // namespace latentdial::detail
