#include "model/picture_reader.h"

#include <array>
#include <cstddef>
#include <span>

#include "diffusion/forward_process.h"
#include "diffusion/schedule.h"
#include "model/clip_pixels.h"
#include "models/sinusoid.h"
#include "text/require.h"

namespace latentdial::detail {
namespace {

/// As many numbers as an embedding has.
Tensor load_numbers(const PictureParts& parts, const char* name, std::int64_t width) {
  return parts.image_normalizer.weights.load(name, {1, width});
}

}  // namespace

PictureReader::PictureReader(const PictureParts& parts, const models::Scope& encoder, std::int64_t told)
    : encoder_(encoder, models::VisionConfig::from_json(parts.image_encoder.config)),
      mean_(load_numbers(parts, "mean", width())),
      deviation_(load_numbers(parts, "std", width())),
      alphas_(alphas_cumprod(NoiseSchedule::from_json(parts.image_noising_scheduler_config))),
      nothing_(Tensor::zeros({1, told})) {
  require(
      told == 2 * width(), "model",
      "the image encoder sees {} numbers in a picture, but the U-Net takes {}, not twice as many; the two "
      "do not belong together",
      width(), told);
}

Tensor PictureReader::embed(const Image& square) const {
  Tensor embedding = encoder_(clip_pixels(square));
  require_finite(embedding, "image_encoder", "seeing the reference");
  return embedding;
}

Tensor PictureReader::told(const Tensor& embedding, const Tensor& noise, int level) const {
  const std::span<const float> mean = mean_.values(), deviation = deviation_.values();
  Tensor normalised = embedding.clone();
  for (std::size_t i = 0; i < mean.size(); ++i)
    normalised.values()[i] = (normalised.values()[i] - mean[i]) / deviation[i];
  Tensor seen = noised(normalised, noise, alphas_.at(static_cast<std::size_t>(level)));
  for (std::size_t i = 0; i < mean.size(); ++i) seen.values()[i] = seen.values()[i] * deviation[i] + mean[i];
  const std::array levels{static_cast<float>(level)};
  // diffusers' for the level, whatever the U-Net's own are like.
  return beside(seen, models::sinusoids(levels, width(), /*flip=*/true, /*freq_shift=*/0));
}

}  // namespace latentdial::detail
