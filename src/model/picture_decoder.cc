#include "model/picture_decoder.h"

#include <fmt/format.h>

#include "latentdial/error.h"
#include "models/autoencoder.h"
#include "models/tiny_decoder.h"
#include "weights/tiny_decoder_files.h"

namespace latentdial::detail {

PictureDecoder make_decoder(const std::string& taesd, const models::Scope& vae,
                            const models::AutoencoderConfig& config) {
  if (taesd.empty()) return models::Decoder(vae, config);
  const Component component = open_tiny_decoder(taesd);
  const auto tiny = models::TinyDecoderConfig::from_json(component.config);
  if (tiny.latent_channels != config.latent_channels || tiny.downscale() != config.downscale()) {
    throw invalid_input("taesd",
                        fmt::format("{} is for latents of {} channels at 1/{} of the picture's size, but the "
                                    "model's have {} at 1/{}; another TAESD is needed",
                                    taesd, tiny.latent_channels, tiny.downscale(), config.latent_channels,
                                    config.downscale()));
  }
  return models::TinyDecoder({component.weights, vae.ops}, tiny);
}

bool is_of_own_decoder(const std::string& tensor) {
  return tensor.starts_with("decoder.") || tensor.starts_with("post_quant_conv.");
}

}  // namespace latentdial::detail
