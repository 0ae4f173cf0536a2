#include "session/small_picture.h"

#include <array>
#include <cstddef>

#include "diffusion/forward_process.h"
#include "model/pixels.h"

namespace latentdial::detail {
namespace {

Tensor noise_of(const Enlargement& enlargement, TorchGenerator& generator) {
  const Image& known = enlargement.known.image();
  return generator.randn_nhwc({1, known.height, known.width, 3});
}

}  // namespace

Condition small_picture(const Model& model, const Source& source) {
  const Enlargement& enlargement = *source.enlargement;
  TorchGenerator generator(source.seed);
  const auto level = static_cast<std::size_t>(enlargement.noise_level);
  Condition told;
  told.channels = noised(to_pixels(enlargement.known.image()), noise_of(enlargement, generator),
                         model.low_res_alphas.at(level));
  told.vector = Tensor::of({1, 1}, std::array{static_cast<float>(level)});
  return told;
}

void pass_small_picture(const Source& source, TorchGenerator& generator) {
  if (source.enlargement) (void)noise_of(*source.enlargement, generator);
}

}  // namespace latentdial::detail
