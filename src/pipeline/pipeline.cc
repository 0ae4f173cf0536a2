#include "latentdial/pipeline.h"

#include <fmt/format.h>

#include <utility>

#include "dial/method.h"
#include "latentdial/error.h"
#include "pipeline/engine.h"
#include "pipeline/find_dial.h"
#include "pipeline/pixels.h"

namespace latentdial {
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
  if (s.method == "calibrated") (void)find_dial(s, engine_->info);
  if (!s.mask.empty()) (void)read_mask(s);
  const auto multiple = static_cast<int>(engine_->vae_config.downscale());
  if (s.width % multiple != 0 || s.height % multiple != 0) {
    throw invalid_input(s.width % multiple != 0 ? "width" : "height",
                        fmt::format("{}x{} is not a multiple of {} in both directions, as this model needs",
                                    s.width, s.height, multiple));
  }
  (void)engine_->prompt_encoder.windows_of(s);
  if (!s.mask_words.empty()) (void)engine_->prompt_encoder.places_of(s.mask_words, s);
  (void)make_sampler(s.sampler, s.scheduler, engine_->schedule, s.steps);
  validate(s);  // The model's own sampler may be at odds with another setting.
  return s;
}

Picture Pipeline::generate(const Settings& settings, const Observer& observer) const {
  Picture picture;
  generate(
      {settings}, [&](std::size_t, Picture made) { picture = std::move(made); }, observer);
  return picture;
}

void Pipeline::generate(const std::vector<Settings>& list, const OnPicture& on_picture,
                        const Observer& observer) const {
  std::vector<Settings> resolved;
  for (const Settings& settings : list) resolved.push_back(resolve(settings));
  const auto forget_files = [&] {
    const std::scoped_lock lock(engine_->one_at_a_time);
    engine_->forget_files();
  };
  forget_files();
  for (std::size_t begin = 0, end = 0; begin < resolved.size(); begin = end) {
    end = engine_->batch_end(resolved, begin);
    const std::scoped_lock lock(engine_->one_at_a_time);
    engine_->generate(resolved, begin, end, on_picture, observer);
  }
  forget_files();
}

}  // namespace latentdial
