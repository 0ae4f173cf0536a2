#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "job.h"
#include "latentdial/pipeline.h"

namespace latentdial::server {

/// What the queue and its memory of finished jobs may hold.
struct QueueLimits {
  std::size_t at_once = 1;             ///< Jobs that run at the same time, 1 to 8.
  std::size_t waiting = 32;            ///< Jobs that wait for their turn.
  std::size_t per_client = 4;          ///< Of one client, those that run among them.
  std::size_t image_bytes = 1 << 30;   ///< Pixels that unfinished jobs have brought; one job may bring more.
  std::size_t kept_bytes = 256 << 20;  ///< PNG bytes of ended jobs; the oldest are forgotten first.
  std::size_t kept_jobs = 256;
};

/// The queue is full: come again later.
class QueueFull : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Runs jobs, each on a thread and a pipeline of its own on the same weights, and keeps what came of the
/// latest. They begin in the order in which they came, but for those of a client that has more running than
/// another which waits. Thread-safe.
class JobQueue {
 public:
  JobQueue(const Pipeline& pipeline, QueueLimits limits);
  /// Cancels what runs and waits.
  ~JobQueue();
  /// Takes no more jobs, and cancels those that it has.
  void close();
  JobQueue(const JobQueue&) = delete;
  JobQueue& operator=(const JobQueue&) = delete;

  /// Takes a list of pictures as one job and returns its id. `images` are what all of them are given,
  /// `client` is who asks; an empty one may ask for as much as the queue holds. Without `wants_preview` there
  /// are no previews. Throws invalid_input when the model cannot make one of them, and QueueFull.
  std::string submit(const std::vector<Settings>& list, const InputImages& images, const std::string& client,
                     WantsPreview wants_preview = {});
  /// Nothing for an id that is unknown or forgotten.
  [[nodiscard]] std::optional<JobStatus> status(const std::string& id) const;
  /// Of the jobs that run, the client's that began last; where it has none, the one that began last.
  [[nodiscard]] std::optional<JobStatus> running(const std::string& client) const;
  /// Jobs that wait or run.
  [[nodiscard]] std::size_t unfinished() const;
  /// Tells the job's WantsPreview that a preview is asked for.
  void ask_for_preview(const std::string& id);
  /// Takes it out of the queue, or stops it before its next U-Net evaluation. Pictures that are finished
  /// stay.
  bool cancel(const std::string& id);
  /// Waits for its end. When `gone` says so, asked ten times a second, the job is cancelled.
  [[nodiscard]] JobStatus wait(const std::string& id, const std::function<bool()>& gone);

 private:
  struct Job;
  struct Worker;
  struct Outcome {
    JobState state;
    std::optional<Error> error;  ///< Of a failed job.
  };
  using Clock = std::chrono::steady_clock;

  void require_room(const Job& job) const;
  void work(Worker& worker);
  [[nodiscard]] Outcome run(const Pipeline& pipeline, Job& job);
  [[nodiscard]] Observer observe(Job& job);
  void keep_preview(Job& job, const Preview& preview);
  void start_waiting_jobs();
  [[nodiscard]] Worker* idle_worker(const std::string& client) const;
  [[nodiscard]] std::size_t running_jobs() const;
  [[nodiscard]] std::size_t running_jobs(const std::string& client) const;
  void end(Job& job, JobState state, std::optional<Error> error);
  void forget_old();
  [[nodiscard]] JobStatus describe(const Job& job) const;

  const Pipeline& pipeline_;
  const QueueLimits limits_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::map<std::string, std::shared_ptr<Job>> jobs_;
  std::deque<std::shared_ptr<Job>> waiting_;
  std::deque<std::shared_ptr<Job>> ended_;
  std::size_t unfinished_image_bytes_ = 0;
  std::size_t kept_bytes_ = 0;
  std::int64_t begun_ = 0;  // Jobs so far.
  bool stopping_ = false;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace latentdial::server
