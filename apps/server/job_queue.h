#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "latentdial/error.h"
#include "latentdial/pipeline.h"
#include "uploads.h"

namespace latentdial::server {

/// What the queue and its memory of finished jobs may hold.
struct QueueLimits {
  std::size_t waiting = 32;            ///< Jobs that wait for their turn.
  std::size_t per_client = 4;          ///< Of one client, the one that runs among them.
  std::size_t kept_bytes = 256 << 20;  ///< PNG bytes of ended jobs; the oldest are forgotten first.
  std::size_t kept_jobs = 256;
};

/// A picture that is ready to be sent.
struct Frame {
  std::size_t index = 0;   ///< Its place in the job's list.
  Settings settings;       ///< With every default filled in and no path of this machine.
  std::string parameters;  ///< The text in its PNG.
  std::string png;
  std::vector<std::string> notices;
};

/// A picture under way, ready to be sent.
struct PreviewFrame {
  std::size_t number = 0;   ///< Counts the job's previews.
  std::size_t picture = 0;  ///< Its place in the job's list.
  double position = 0;      ///< The picture's, on the dial.
  int step = 0;             ///< The step of its batch that it shows.
  std::string png;
};

/// Asked after each step of a job: whether the first picture of its batch is to be previewed. Called on the
/// queue's thread.
using WantsPreview = std::function<bool(const StepProgress&)>;

enum class JobState { queued, running, done, failed, cancelled };
[[nodiscard]] const char* to_string(JobState state);
[[nodiscard]] inline bool has_ended(JobState state) {
  return state != JobState::queued && state != JobState::running;
}

/// A job as it was at one moment.
struct JobStatus {
  std::string id;
  JobState state = JobState::queued;
  std::size_t ahead = 0;     ///< Jobs that come before it.
  std::size_t pictures = 0;  ///< Pictures in all.
  StepProgress step;
  double seconds = 0;                  ///< Since it began to run.
  std::optional<double> seconds_left;  ///< An estimate, once there is something to estimate from.
  std::optional<Error> error;          ///< Why it failed.
  std::vector<std::shared_ptr<const Frame>> frames;          ///< In order of finishing.
  std::deque<std::shared_ptr<const PreviewFrame>> previews;  ///< The latest few; they outlive their picture.

  /// Share of the work that is done, 0 to 1.
  [[nodiscard]] double share() const;
};

/// The queue is full: come again later.
class QueueFull : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Runs jobs one after the other on one thread, and keeps what came of the latest. Thread-safe.
class JobQueue {
 public:
  JobQueue(const Pipeline& pipeline, QueueLimits limits);
  /// Cancels what runs and waits.
  ~JobQueue();
  /// Takes no more jobs, and cancels those that it has.
  void close();
  JobQueue(const JobQueue&) = delete;
  JobQueue& operator=(const JobQueue&) = delete;

  /// Takes a list of pictures as one job and returns its id. `uploads` are the files that the settings name,
  /// `client` is who asks; an empty one may ask for as much as the queue holds. Without `wants_preview` there
  /// are no previews. Throws invalid_input when the model cannot make one of them, and QueueFull.
  std::string submit(std::vector<Settings> list, Uploads uploads, const std::string& client,
                     WantsPreview wants_preview = {});
  /// Nothing for an id that is unknown or forgotten.
  [[nodiscard]] std::optional<JobStatus> status(const std::string& id) const;
  /// The job that runs.
  [[nodiscard]] std::optional<JobStatus> running() const;
  [[nodiscard]] std::size_t waiting() const;
  /// Takes it out of the queue, or stops it before its next U-Net evaluation. Pictures that are finished
  /// stay.
  bool cancel(const std::string& id);
  /// Waits for its end. When `gone` says so, asked ten times a second, the job is cancelled.
  [[nodiscard]] JobStatus wait(const std::string& id, const std::function<bool()>& gone);

 private:
  struct Job;
  using Clock = std::chrono::steady_clock;

  void work();
  void require_room(const std::string& client) const;
  void run(Job& job);
  void keep_preview(Job& job, const Preview& preview);
  void end(Job& job, JobState state, std::optional<Error> error);
  void forget_old();
  [[nodiscard]] JobStatus describe(const Job& job) const;
  [[nodiscard]] Frame make_frame(std::size_t index, Picture picture) const;

  const Pipeline& pipeline_;
  const QueueLimits limits_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::map<std::string, std::shared_ptr<Job>> jobs_;
  std::deque<std::shared_ptr<Job>> waiting_;
  std::deque<std::shared_ptr<Job>> ended_;
  std::shared_ptr<Job> running_;
  std::size_t kept_bytes_ = 0;
  bool stopping_ = false;
  std::thread worker_;
};

}  // namespace latentdial::server
