#include "task/enlargement.h"

#include <algorithm>

#include "image/area.h"
#include "task/picture_size.h"
#include "text/require.h"

namespace latentdial::detail {
namespace {

constexpr int kNoiseLevel = 20;  // diffusers' default.
constexpr int kUpscaleBy = 2;    // By a model that does not say.

bool enlarges(const Settings& settings) {
  return settings.restore == "upscale";
}

}  // namespace

void check_enlargement(const Settings& s, const ModelInfo& model) {
  const int by = model.upscales_by;
  require(by > 0 || model.takes_reference || !s.noise_level, "noise_level",
          "{} is neither an upscaling nor an unCLIP model, which alone are told one; leave it out",
          model.name);
  if (by == 0) return;
  require(
      enlarges(s), "restore",
      "{} makes a picture {} times as wide and high, and draws nothing else; use @(restore) upscale with an "
      "@(image), or another model",
      model.name, by);
  require(s.upscale_by.value_or(by) == by, "upscale_by", "{} enlarges {} times, not {}; leave it out",
          model.name, by, s.upscale_by.value_or(by));
  require(s.noise_level.value_or(0) <= model.max_noise_level, "noise_level",
          "{} is out of range for {}, use 0 to {}", s.noise_level.value_or(0), model.name,
          model.max_noise_level);
  require(s.restore_rounds == Settings{}.restore_rounds, "restore_rounds",
          "{} draws a picture once; leave it out", model.name);
  require(s.strength == Settings{}.strength || s.strength == 1, "strength",
          "{} draws from noise alone, so {} has no meaning; leave it out, or use 1", model.name, s.strength);
}

Settings with_enlargement(Settings s, const ModelInfo& model) {
  if (!enlarges(s)) return s;
  if (!s.upscale_by) s.upscale_by = model.upscales_by > 0 ? model.upscales_by : kUpscaleBy;
  if (model.upscales_by > 0 && !s.noise_level) s.noise_level = std::min(kNoiseLevel, model.max_noise_level);
  return s;
}

Enlargement enlargement_of(const Settings& s, const InputImage& small, int multiple) {
  const Image& given = small.image();
  const int by = s.upscale_by.value();
  return {.known = InputImage(
              continued(given, 0, 0, round_up(given.width, multiple), round_up(given.height, multiple)),
              small.name()),
          .noise_level = s.noise_level.value(),
          .width = by * given.width,
          .height = by * given.height};
}

}  // namespace latentdial::detail
