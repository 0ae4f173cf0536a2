#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "client.h"
#include "http_message.h"
#include "job.h"
#include "latentdial/calibrate.h"
#include "latentdial/pipeline.h"
#include "latentdial/upscaler.h"
#include "loaded_models.h"

namespace latentdial::server {

/// What the queue and its memory of finished jobs may hold.
struct QueueLimits {
  std::size_t at_once = 1;             ///< Jobs that run at the same time, 1 to 8.
  std::size_t waiting = 32;            ///< Jobs that wait for their turn.
  std::size_t per_client = 4;          ///< Of one client, those that run among them.
  std::size_t image_bytes = 1 << 30;   ///< Pixels that unfinished jobs have brought; one job may bring more.
  std::size_t kept_bytes = 256 << 20;  ///< PNG bytes of ended jobs; the oldest are forgotten first.
  std::size_t kept_jobs = 256;
  std::size_t kept_image_bytes = 128 << 20;  ///< Pixels that ended jobs were given; the oldest go first.
};

/// A picture that is brought to a job, and the settings in its file.
struct BroughtPicture {
  Image image;
  std::string parameters;
};

/// Pictures to enlarge.
struct Enlargement {
  std::shared_ptr<const Upscaler> upscaler;  ///< Null: by Lanczos' filter.
  std::vector<BroughtPicture> pictures;
  double by = 2;
  std::optional<std::pair<int, int>> fill =
      {};  ///< Width and height that each is to fill, cut at the centre.

  /// How many times as wide and high an image is made, before it is cut.
  [[nodiscard]] double factor_of(const Image& image) const;
};

/// One request for each of the settings, all with the pictures, dial and network of `asked`.
[[nodiscard]] std::vector<Request> requests_of(const std::vector<Settings>& list, const Request& asked);

/// The queue is full: come again later.
class QueueFull : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Runs jobs, each on a thread and a pipeline of its own on weights that are shared, and keeps what came of
/// the latest. They begin in the order in which they came, but for those of a client that has more running
/// than another which waits. A job is its client's: to others it is unknown. Thread-safe.
class JobQueue {
 public:
  class Waiter;
  /// What becomes of a job when the last of those who waited for it has gone.
  enum class WhenLeft { cancel, go_on };

  /// `models` are for as many workers as `limits` has jobs at once.
  JobQueue(LoadedModels& models, QueueLimits limits);
  /// Cancels what runs and waits.
  ~JobQueue();
  /// Takes no more jobs, and cancels those that it has.
  void close();
  JobQueue(const JobQueue&) = delete;
  JobQueue& operator=(const JobQueue&) = delete;

  /// Takes a list of pictures as one job, for which its asker waits until it lets the Waiter go. All of them
  /// are given the same images. Without `wants_preview` there are no previews. Throws as `check` does, and
  /// QueueFull. What a model cannot make that is not loaded yet fails when it is.
  [[nodiscard]] std::shared_ptr<Waiter> submit(const ModelPtr& model, std::vector<Request> list,
                                               const Client& client, WhenLeft when_left,
                                               WantsPreview wants_preview = {});
  /// Takes the fit of a dial as one job, which goes on when nobody waits for it. Throws as the other does.
  [[nodiscard]] std::shared_ptr<Waiter> submit(const ModelPtr& model, CalibrationOptions options,
                                               const Client& client);
  /// The request's settings, of a model that is loaded with every default filled in. Throws invalid_input
  /// when the model never fits, when no model can make the picture, and when this one cannot and is loaded.
  [[nodiscard]] Settings check(const ModelPtr& model, const Request& request) const;
  /// Takes pictures to enlarge as one job. Throws QueueFull.
  [[nodiscard]] std::shared_ptr<Waiter> submit(Enlargement enlargement, const Client& client,
                                               WhenLeft when_left);
  /// One more who waits for the client's job; null for an id that is unknown, forgotten or cancelled. Throws
  /// QueueFull where as many wait for it as may.
  [[nodiscard]] std::shared_ptr<Waiter> join(const std::string& id, const Client& client);
  /// Nothing for an id that is unknown or forgotten, or of another client's job.
  [[nodiscard]] std::optional<JobStatus> status(const std::string& id, const Client& client) const;
  /// What the client's job was given; nothing where that is not kept.
  [[nodiscard]] std::optional<InputImages> images(const std::string& id, const Client& client) const;
  /// Of the client's jobs that run, the one that began last.
  [[nodiscard]] std::optional<JobStatus> running(const Client& client) const;
  /// Jobs that wait or run, of all clients.
  [[nodiscard]] std::size_t unfinished() const;
  /// Tells the job's WantsPreview that its client asks for a preview.
  void ask_for_preview(const std::string& id, const Client& client);
  /// Takes the client's job out of the queue, or stops it before its next U-Net evaluation. Pictures that are
  /// finished stay.
  void cancel(const std::string& id, const Client& client);

 private:
  struct Job;
  struct Worker;
  struct Outcome {
    JobState state;
    std::optional<Error> error;  ///< Of a failed job.
  };
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] std::shared_ptr<Waiter> take(const std::shared_ptr<Job>& job);
  [[nodiscard]] std::shared_ptr<Job> find(const std::string& id, const Client& client) const;
  void cancel(const std::shared_ptr<Job>& job);
  [[nodiscard]] std::shared_ptr<Waiter> add_waiter(const std::shared_ptr<Job>& job);
  void leave(const Waiter& waiter);
  static void tell(const Job& job);
  void require_room(const Job& job) const;
  void work(Worker& worker);
  [[nodiscard]] Outcome run(Job& job, std::size_t worker);
  void make(const Pipeline& pipeline, Job& job);
  void fit(const Pipeline& pipeline, Job& job);
  void enlarge(Job& job);
  void keep_frame(Job& job, std::size_t index, Picture picture);
  [[nodiscard]] Observer observe(Job& job);
  void keep_preview(Job& job, const Preview& preview);
  void start_waiting_jobs();
  [[nodiscard]] Worker* idle_worker(const Client& client) const;
  [[nodiscard]] std::size_t running_jobs() const;
  [[nodiscard]] std::size_t running_jobs(const Client& client) const;
  void end(Job& job, JobState state, std::optional<Error> error);
  void forget_old();
  void forget_images(Job& job);
  [[nodiscard]] JobStatus describe(const Job& job) const;

  LoadedModels& models_;
  const QueueLimits limits_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;  // What workers wait for.
  std::map<std::string, std::shared_ptr<Job>> jobs_;
  std::deque<std::shared_ptr<Job>> waiting_;
  std::deque<std::shared_ptr<Job>> ended_;
  std::size_t unfinished_image_bytes_ = 0;
  std::size_t kept_bytes_ = 0;
  std::size_t kept_image_bytes_ = 0;
  std::int64_t begun_ = 0;  // Jobs so far.
  bool stopping_ = false;
  std::vector<std::unique_ptr<Worker>> workers_;
};

/// One who waits for a job, as long as it lives; no longer than the queue does.
class JobQueue::Waiter {
 public:
  /// What a Waiter is told of.
  enum class News { every_change, end };

  Waiter(JobQueue& queue, std::shared_ptr<Job> job) : queue_(queue), job_(std::move(job)) {}
  ~Waiter() { queue_.leave(*this); }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  [[nodiscard]] const std::string& id() const;
  [[nodiscard]] JobStatus status() const;
  /// Calls `wake` whenever there is news from now on. It is called with the queue locked: it must be quick,
  /// and not ask the queue.
  void notify(Wake wake, News news);

 private:
  friend class JobQueue;

  JobQueue& queue_;
  const std::shared_ptr<Job> job_;
  Wake wake_;
  News news_ = News::end;
};

}  // namespace latentdial::server
