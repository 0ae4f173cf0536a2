#include "task/reference.h"

#include "image/area.h"
#include "text/require.h"

namespace latentdial::detail {
namespace {

InputImage square_of(const InputImage& given, int size) {
  return InputImage(middle_square(given.image(), size, Resampling::bicubic), given.name());
}

}  // namespace

void check_reference(const Request& request) {
  require(request.has_reference() || !request.has_other_reference(), "to_reference",
          "it is the other end of an interpolation; say by @(reference) what is at the first");
}

void check_reference(const Request& request, const ModelInfo& model) {
  require(model.takes_reference || !request.has_reference(), "reference",
          "{} is not an unCLIP model, which alone draws variations of a picture; name one by @(model)",
          model.name);
  if (!model.takes_reference) return;
  require(request.has_reference(), "reference",
          "no picture is given; {} draws variations of one, say of which", model.name);
  const int level = request.settings.noise_level.value_or(0);
  require(level <= model.max_noise_level, "noise_level", "{} is out of range for {}, use 0 to {}", level,
          model.name, model.max_noise_level);
}

void add_references(const Settings& settings, const InputImages& images, int size, Content& content) {
  content.source.reference = {square_of(*images.reference, size), settings.noise_level.value()};
  if (images.to_reference) content.to.reference = square_of(*images.to_reference, size);
}

}  // namespace latentdial::detail
