#include <algorithm>
#include <cmath>
#include <new>
#include <utility>

#include "queued_job.h"

namespace latentdial::server {
namespace {

constexpr std::size_t kKeptPreviews = 3;  // As many as OpenAI's streams show of a picture.

/// The picture as large as it is asked for, with how it came to be that.
Picture enlarged(const Enlargement& enlargement, const BroughtPicture& brought, const Observer& observer) {
  const auto& [upscaler, pictures, by, fill] = enlargement;
  const Image& image = brought.image;
  const double factor = enlargement.factor_of(image);
  Picture picture;
  picture.image = upscaler ? upscaler->enlarge(image, factor, observer)
                           : resize_to_fill(image, static_cast<int>(std::lround(image.width * factor)),
                                            static_cast<int>(std::lround(image.height * factor)));
  if (fill) picture.image = resize_to_fill(picture.image, fill->first, fill->second);
  picture.parameters =
      enlarged_parameters(brought.parameters, upscaler ? upscaler->name() : "Lanczos", factor);
  return picture;
}

}  // namespace

double Enlargement::factor_of(const Image& image) const {
  if (!fill) return by;
  return std::max({1.0, static_cast<double>(fill->first) / image.width,
                   static_cast<double>(fill->second) / image.height});
}

void JobQueue::keep_frame(Job& job, std::size_t index, Picture picture) {
  auto frame = std::make_shared<const Frame>(make_frame(index, std::move(picture)));
  const std::lock_guard lock(mutex_);
  job.frames.push_back(std::move(frame));
  tell(job);
}

void JobQueue::make(const Pipeline& pipeline, Job& job) {
  const auto on_picture = [&](std::size_t index, Picture picture) {
    keep_frame(job, index, std::move(picture));
  };
  pipeline.generate(job.list, on_picture, observe(job));
}

void JobQueue::enlarge(Job& job) {
  const Observer observer = observe(job);
  const auto& pictures = job.enlargement->pictures;
  for (std::size_t i = 0; i < pictures.size(); ++i)
    keep_frame(job, i, enlarged(*job.enlargement, pictures[i], observer));
}

void JobQueue::fit(const Pipeline& pipeline, Job& job) {
  CalibrationOptions options = *job.fit;
  options.stop = job.stop.get_token();
  options.on_picture = [&](int pictures) {
    const std::lock_guard lock(mutex_);
    job.made_to_fit = static_cast<std::size_t>(pictures);
    tell(job);
  };
  auto dial = std::make_shared<const Dial>(calibrate(pipeline, options).dial);
  const std::lock_guard lock(mutex_);
  job.dial = std::move(dial);
}

JobQueue::Outcome JobQueue::run(Job& job, std::size_t worker) {
  try {
    if (job.enlargement) {
      enlarge(job);
      return {JobState::done, std::nullopt};
    }
    const auto model = models_.use(job.model, worker, job.stop.get_token());
    if (job.fit)
      fit(model.pipeline(), job);
    else
      make(model.pipeline(), job);
    return {JobState::done, std::nullopt};
  } catch (const Error& error) {
    if (error.code() == ErrorCode::cancelled) return {JobState::cancelled, std::nullopt};
    return {JobState::failed, error};
  } catch (const std::bad_alloc&) {
    return {JobState::failed, Error(ErrorCode::internal, "out of memory; use a smaller size")};
  } catch (const std::exception& error) {
    return {JobState::failed, Error(ErrorCode::internal, error.what())};
  }
}

Observer JobQueue::observe(Job& job) {
  Observer observer;
  observer.stop = job.stop.get_token();
  observer.on_step = [&](const StepProgress& step) {
    const std::lock_guard lock(mutex_);
    job.step = step;
    tell(job);
  };
  // Of a batch its first picture: batches come one after the other.
  observer.wants_preview = [&](const StepProgress& step, std::size_t picture) {
    if (!job.wants_preview || picture != job.frames.size()) return false;
    const std::lock_guard lock(mutex_);
    const bool wanted = job.wants_preview(step, job.preview_asked);
    if (wanted) job.preview_asked = false;
    return wanted;
  };
  observer.on_preview = [&](const Preview& preview) { keep_preview(job, preview); };
  return observer;
}

void JobQueue::keep_preview(Job& job, const Preview& preview) {
  PreviewFrame frame;
  frame.picture = preview.picture;
  frame.position = job.list[preview.picture].settings.position;
  frame.step = preview.step;
  frame.width = preview.image.width;
  frame.height = preview.image.height;
  const auto bytes = encode_png(preview.image, "");
  frame.png.assign(bytes.begin(), bytes.end());
  const std::lock_guard lock(mutex_);
  frame.number = job.previews.empty() ? 0 : job.previews.back()->number + 1;
  job.previews.push_back(std::make_shared<const PreviewFrame>(std::move(frame)));
  if (job.previews.size() > kKeptPreviews) job.previews.pop_front();
  tell(job);
}

}  // namespace latentdial::server
