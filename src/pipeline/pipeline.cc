#include "latentdial/pipeline.h"

#include <fmt/format.h>

#include <utility>

#include "dial/conditioning.h"
#include "dial/method.h"
#include "latentdial/error.h"
#include "latentdial/parameters.h"
#include "pipeline/denoise.h"
#include "pipeline/engine.h"
#include "pipeline/pixels.h"
#include "tensor/buffer_pool.h"

namespace latentdial {
namespace {

Tensor scaled(Tensor x, float factor) {
  for (float& value : x.values()) value *= factor;
  return x;
}

}  // namespace

Pipeline::Pipeline(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}
Pipeline::~Pipeline() = default;
Pipeline::Pipeline(Pipeline&&) noexcept = default;
Pipeline& Pipeline::operator=(Pipeline&&) noexcept = default;

Pipeline Pipeline::load(const EngineOptions& options) {
  return Pipeline(std::make_unique<Engine>(options));
}

const ModelInfo& Pipeline::info() const {
  return engine_->info;
}

std::vector<OperationTime> Pipeline::profile() const {
  return engine_->profile ? engine_->profile->rows() : std::vector<OperationTime>();
}

Settings Pipeline::resolve(const Settings& settings) const {
  validate(settings);
  Settings s = settings;
  if (s.width == 0) s.width = engine_->info.width;
  if (s.height == 0) s.height = engine_->info.height;
  if (s.sampler.empty()) s.sampler = engine_->info.sampler;
  if (s.scheduler.empty()) s.scheduler = "normal";
  if (!s.style.empty() && s.method.empty()) s.method = dial_method_table().front().name;
  const auto multiple = static_cast<int>(engine_->vae_config.downscale());
  if (s.width % multiple != 0 || s.height % multiple != 0) {
    throw invalid_input(
        fmt::format("--size: {}x{} is no multiple of {} in both directions, as this model needs", s.width,
                    s.height, multiple));
  }
  (void)make_sampler(s.sampler, s.scheduler, engine_->schedule, s.steps);
  return s;
}

Picture Pipeline::generate(const Settings& settings, const Observer& observer) const {
  const std::scoped_lock lock(engine_->one_at_a_time);
  Picture picture;
  const Settings s = picture.settings = resolve(settings);

  const Conditioning conditioning = engine_->condition(s, picture.notices);
  const auto sampler = make_sampler(s.sampler, s.scheduler, engine_->schedule, s.steps);
  TorchGenerator generator(s.seed);
  const Tensor original = s.image.empty() ? Tensor() : engine_->encode_image(s, generator);
  const Tensor noise = engine_->starting_noise(s, generator);
  const int first = s.image.empty() ? 0 : sampler->first_evaluation(static_cast<float>(s.strength));
  Tensor latents = s.image.empty()                  ? scaled(noise.clone(), sampler->init_noise_sigma())
                   : first < sampler->evaluations() ? sampler->add_noise(original, noise, first)
                                                    : original;

  latents = denoise(
      engine_->guided_unet, *sampler, conditioning, latents, first,
      [&](const Shape& shape) { return generator.randn_nhwc(shape); }, observer);
  release_idle_buffers();
  picture.image = to_image(engine_->decoder(latents));
  release_idle_buffers();
  picture.parameters = to_parameters(s, engine_->info.name);
  return picture;
}

}  // namespace latentdial
