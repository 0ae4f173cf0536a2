#include "session/reference.h"

#include "dial/slerp.h"

namespace latentdial::detail {
namespace {

Tensor noise_of(const PictureReader& pictures, TorchGenerator& generator) {
  return generator.randn({1, pictures.width()});
}

/// Of the seed, or between two.
Tensor noise_between(const PictureReader& pictures, const Content& content) {
  TorchGenerator generator(content.source.seed);
  Tensor noise = noise_of(pictures, generator);
  if (!content.to.seed) return noise;
  TorchGenerator other(*content.to.seed);
  return slerp(noise, noise_of(pictures, other), content.to.theta);
}

/// Where the image encoder has a picture.
Tensor embedded(Session& session, const InputImage& seen) {
  auto& known = session.embeddings;
  if (known.find(seen) == nullptr) known.keep(seen, session.model->pictures->embed(seen.image()));
  return *known.find(seen);
}

}  // namespace

Tensor reference_told(Session& session, const Content& content) {
  const auto& pictures = session.model->pictures;
  const auto& reference = content.source.reference;
  if (!pictures || !reference) return {};
  Tensor embedding = embedded(session, reference->seen);
  if (content.to.reference)
    embedding = slerp(embedding, embedded(session, *content.to.reference), content.to.theta);
  return pictures->told(embedding, noise_between(*pictures, content), reference->noise_level);
}

void pass_reference(const Model& model, TorchGenerator& generator) {
  if (model.pictures) (void)noise_of(*model.pictures, generator);
}

}  // namespace latentdial::detail
