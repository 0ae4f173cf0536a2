#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "latentdial/dial.h"
#include "latentdial/error.h"
#include "latentdial/pipeline.h"

namespace latentdial::server {

/// A picture that is ready to be sent.
struct Frame {
  std::size_t index = 0;      ///< Its place in the job's list.
  Settings settings;          ///< With every default filled in.
  int width = 0, height = 0;  ///< Of the picture, in pixels.
  std::string parameters;     ///< The text in its PNG.
  std::string png;
  std::vector<std::string> notices;
  std::optional<double> shows;  ///< As Picture's.
};
[[nodiscard]] Frame make_frame(std::size_t index, Picture picture);

/// A picture under way, ready to be sent.
struct PreviewFrame {
  std::size_t number = 0;     ///< Counts the job's previews.
  std::size_t picture = 0;    ///< Its place in the job's list.
  double position = 0;        ///< The picture's, on the dial.
  int step = 0;               ///< The step of its batch that it shows.
  int width = 0, height = 0;  ///< Pixels.
  std::string png;
};

/// Whether the first picture of a batch is to be previewed. Called after each step of a job, on the thread
/// that runs it; `asked` says whether somebody has asked for a preview since the last one.
using WantsPreview = std::function<bool(const StepProgress&, bool asked)>;

enum class JobState { queued, running, done, failed, cancelled };
[[nodiscard]] const char* to_string(JobState state);
[[nodiscard]] inline bool has_ended(JobState state) {
  return state != JobState::queued && state != JobState::running;
}

/// A job as it was at one moment.
struct JobStatus {
  std::string id;
  std::string model;        ///< Its name; "" where pictures are enlarged.
  std::int64_t number = 0;  ///< Counts the server's jobs in the order in which they began; 0 before.
  JobState state = JobState::queued;
  std::size_t ahead = 0;     ///< Jobs that came before it and have not ended.
  bool fits = false;         ///< It fits a dial; its pictures are that one's own.
  std::size_t pictures = 0;  ///< Pictures in all; of a fit the most that it may take.
  std::size_t made = 0;      ///< Pictures finished.
  StepProgress step;
  double seconds = 0;                  ///< Since it began to run.
  double seconds_since_end = 0;        ///< 0 before.
  std::optional<double> seconds_left;  ///< An estimate, once there is something to estimate from.
  std::optional<Error> error;          ///< Why it failed.
  std::vector<std::shared_ptr<const Frame>> frames;          ///< In order of finishing.
  std::deque<std::shared_ptr<const PreviewFrame>> previews;  ///< The latest few; they outlive their picture.
  std::shared_ptr<const Dial> dial;                          ///< That was fitted; null before.

  /// Share of the work that is done, 0 to 1.
  [[nodiscard]] double share() const;
};

}  // namespace latentdial::server
