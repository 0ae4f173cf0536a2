#pragma once

#include <cstdint>
#include <vector>

#include "latentdial/image.h"
#include "models/clip_vision.h"
#include "tensor/tensor.h"
#include "weights/checkpoint.h"

namespace latentdial::detail {

/// What an unCLIP model is told of a picture (Ramesh et al. 2022, arXiv 2204.06125, section 2.1; Stable
/// unCLIP): where CLIP's image encoder has it, D numbers, under noise, and the level of that noise.
class PictureReader {
 public:
  /// The back end of `encoder` runs it. Throws invalid_input where the parts do not fit each other or the
  /// `told` numbers that the U-Net takes.
  PictureReader(const PictureParts& parts, const models::Scope& encoder, std::int64_t told);

  /// Side of the square that it sees of a picture, in pixels.
  [[nodiscard]] int size() const { return static_cast<int>(encoder_.config().image_size); }
  /// D.
  [[nodiscard]] std::int64_t width() const { return encoder_.config().projection_dim; }
  /// The highest noise level.
  [[nodiscard]] int most_noise() const { return static_cast<int>(alphas_.size()) - 1; }

  /// The embedding [1,D] of the square that it sees.
  [[nodiscard]] Tensor embed(const Image& square) const;
  /// What the U-Net is told of an embedding, with normal `noise` [1,D] to the level 0 to most_noise() over
  /// what is left of it less the mean of many pictures' and by their deviation: [1,2D], the noised embedding
  /// and the sinusoid of the level.
  [[nodiscard]] Tensor told(const Tensor& embedding, const Tensor& noise, int level) const;
  /// What it is told of no picture: zeros [1,2D], always the same tensor.
  [[nodiscard]] const Tensor& nothing() const { return nothing_; }

 private:
  models::ClipVision encoder_;
  Tensor mean_, deviation_;    ///< [1,D] of many pictures' embeddings.
  std::vector<float> alphas_;  ///< ᾱ of each noise level.
  Tensor nothing_;
};

}  // namespace latentdial::detail
