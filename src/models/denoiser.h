#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tensor/tensor.h"

namespace latentdial::detail::models {

/// What one attention attends to, [B,M,C] each.
struct KeysAndValues {
  Tensor keys, values;
};

/// The tokens of a batch as one transformer block sees them.
struct TextOfBlock {
  KeysAndValues first;  ///< Of its first attention; undefined where that looks at the pixels themselves.
  KeysAndValues second;
};

/// The tokens of a batch as the cross-attentions see them, by transformer in the order of the network. They
/// are the same at every step.
using TextContext = std::vector<std::vector<TextOfBlock>>;

/// A timestep, and what is added to it, as the residual blocks add them, in the order of the network:
/// [1, channels] each, or [B, channels] where the members of a batch differ.
using TimeContext = std::vector<Tensor>;

/// Where a picture's layout is found (Tumanyan et al. 2022, arXiv 2211.12572): the output of the first
/// residual block of one decoder level, of which a share is taken from another picture; not all, since the
/// surfaces are in it too.
struct LayoutTap {
  std::size_t level = 0;  ///< Decoder level, from the lowest resolution.
  float share = 0;        ///< Of that output, 0 to 1.
  Tensor features = {};  ///< [B,H,W,C] on the device: where it is defined the share is of it, and the rest of
                         ///< what is computed; else what is computed is written.
};

/// Where in the picture some words of the prompt are looked at (Tang et al. 2022, arXiv 2210.04885).
struct WordsTap {
  std::vector<std::int64_t> tokens;  ///< The words' places among the condition's tokens.
  std::vector<Tensor> maps = {};     ///< Of each cross-attention in turn [B,H,W], f32: the share of a place's
                                     ///< attention that goes to the words, mean over heads.
};

/// What the deeper levels hand to the last layer of the outermost one. It changes slowly from step to step
/// (DeepCache: Ma et al. 2023, arXiv 2312.00858).
struct DeepTap {
  Tensor features = {};  ///< [B,H,W,C] on the device: where it is defined it is taken, and the deeper levels
                         ///< are not computed; else it is written.
};

/// What is taken from inside the network, and what is looked at there. Null: nothing. Where the features of a
/// `deep` one are taken, the others have nothing to do with.
struct Taps {
  LayoutTap* layout = nullptr;
  WordsTap* words = nullptr;
  DeepTap* deep = nullptr;
};

/// A network that predicts the noise in latents. Immutable: it may be called from several threads.
class Denoiser {
 public:
  virtual ~Denoiser() = default;
  /// tokens [B,T,token_width] from Backend::to_device.
  [[nodiscard]] virtual TextContext project_tokens(const Tensor& tokens) const = 0;
  /// Timesteps 0 to 999, fractional for Karras sigmas. `vectors` [B,V] is what the members of a batch are
  /// told beside them, for the networks that are told something; undefined for others.
  [[nodiscard]] virtual std::vector<TimeContext> project_times(std::span<const float> timesteps,
                                                               const Tensor& vectors) const = 0;
  /// latents [B,H,W,in_channels] from Backend::to_device → the prediction, [B,H,W,out_channels].
  virtual Tensor operator()(const Tensor& latents, const TimeContext& time, const TextContext& text,
                            const Taps& taps = {}) const = 0;
};

}  // namespace latentdial::detail::models
