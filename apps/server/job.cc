#include "job.h"

#include <algorithm>
#include <utility>

namespace latentdial::server {

Frame make_frame(std::size_t index, Picture picture) {
  const auto bytes = encode_png(picture.image, picture.parameters);
  return {.index = index,
          .settings = std::move(picture.settings),
          .width = picture.image.width,
          .height = picture.image.height,
          .parameters = std::move(picture.parameters),
          .png = {bytes.begin(), bytes.end()},
          .notices = std::move(picture.notices),
          .shows = picture.shows};
}

const char* to_string(JobState state) {
  switch (state) {
    case JobState::queued:
      return "queued";
    case JobState::running:
      return "running";
    case JobState::done:
      return "done";
    case JobState::failed:
      return "failed";
    case JobState::cancelled:
      return "cancelled";
  }
  return "";
}

double JobStatus::share() const {
  if (state == JobState::done) return 1;
  if (pictures == 0) return 0;
  const double finished = static_cast<double>(made) / static_cast<double>(pictures);
  return std::min(0.999, step.all_evaluations > 0 ? step.share() : finished);
}

}  // namespace latentdial::server
