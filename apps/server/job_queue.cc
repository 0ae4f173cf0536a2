#include "job_queue.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <new>
#include <random>
#include <utility>

#include "latentdial/parameters.h"

namespace latentdial::server {
namespace {

constexpr int kWorkerNiceness = 5;
constexpr std::size_t kKeptPreviews = 3;  // As many as OpenAI's streams show of a picture.
constexpr auto kGoneCheck = std::chrono::milliseconds(100);

/// Nobody can guess another's job.
std::string random_id() {
  std::random_device device;
  return fmt::format("{:08x}{:08x}{:08x}", device(), device(), device());
}

}  // namespace

struct JobQueue::Job {
  std::string id, client;
  std::vector<Settings> list;
  Uploads uploads;
  WantsPreview wants_preview;
  JobState state = JobState::queued;
  StepProgress step;
  Clock::time_point began, ended;
  std::optional<Error> error;
  std::vector<std::shared_ptr<const Frame>> frames;
  std::deque<std::shared_ptr<const PreviewFrame>> previews;
  std::stop_source stop;

  [[nodiscard]] std::size_t bytes() const {
    std::size_t sum = 0;
    for (const auto& frame : frames) sum += frame->png.size();
    for (const auto& preview : previews) sum += preview->png.size();
    return sum;
  }
};

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
  const double left = static_cast<double>(pictures - frames.size());
  const double batch = step.steps == 0 ? 0 : static_cast<double>(step.step) / step.steps;
  const double begun = std::min<double>(left, step.pictures) * batch;
  return std::min(0.999, (static_cast<double>(frames.size()) + begun) / static_cast<double>(pictures));
}

JobQueue::JobQueue(const Pipeline& pipeline, QueueLimits limits)
    : pipeline_(pipeline), limits_(limits), worker_([this] { work(); }) {}

JobQueue::~JobQueue() {
  close();
  worker_.join();
}

void JobQueue::close() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  for (const auto& job : waiting_) end(*job, JobState::cancelled, std::nullopt);
  waiting_.clear();
  if (running_ != nullptr) running_->stop.request_stop();
  changed_.notify_all();
}

void JobQueue::require_room(const std::string& client) const {
  if (stopping_ || waiting_.size() >= limits_.waiting)
    throw QueueFull(
        fmt::format("{} jobs are waiting, which is as many as this server takes", waiting_.size()));
  if (client.empty()) return;
  const auto is_theirs = [&](const std::shared_ptr<Job>& job) { return job->client == client; };
  const auto theirs = std::count_if(waiting_.begin(), waiting_.end(), is_theirs) +
                      (running_ != nullptr && is_theirs(running_) ? 1 : 0);
  if (static_cast<std::size_t>(theirs) >= limits_.per_client)
    throw QueueFull(fmt::format(
        "{} jobs of yours are waiting or running, which is as many as one client may have", theirs));
}

std::string JobQueue::submit(std::vector<Settings> list, Uploads uploads, const std::string& client,
                             WantsPreview wants_preview) {
  for (Settings& settings : list) settings = pipeline_.resolve(settings);
  auto job = std::make_shared<Job>();
  job->id = random_id();
  job->client = client;
  job->list = std::move(list);
  job->uploads = std::move(uploads);
  job->wants_preview = std::move(wants_preview);
  const std::lock_guard lock(mutex_);
  require_room(client);
  jobs_[job->id] = job;
  waiting_.push_back(job);
  changed_.notify_all();
  return job->id;
}

std::optional<JobStatus> JobQueue::status(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return std::nullopt;
  return describe(*found->second);
}

std::optional<JobStatus> JobQueue::running() const {
  const std::lock_guard lock(mutex_);
  if (running_ == nullptr) return std::nullopt;
  return describe(*running_);
}

std::size_t JobQueue::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

bool JobQueue::cancel(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return false;
  const std::shared_ptr<Job> job = found->second;
  job->stop.request_stop();
  if (std::erase(waiting_, job) > 0) end(*job, JobState::cancelled, std::nullopt);
  return true;
}

JobStatus JobQueue::wait(const std::string& id, const std::function<bool()>& gone) {
  std::unique_lock lock(mutex_);
  const auto found = jobs_.find(id);
  if (found == jobs_.end())
    throw Error(ErrorCode::internal, "the job was forgotten before it was waited for");
  const std::shared_ptr<Job> job = found->second;
  while (!has_ended(job->state)) {
    changed_.wait_for(lock, kGoneCheck);
    lock.unlock();
    if (gone()) cancel(id);
    lock.lock();
  }
  return describe(*job);
}

void JobQueue::work() {
  // Of this thread and those that compute for it: who asks how far it is must not wait for it.
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kWorkerNiceness);
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    running_ = waiting_.front();
    waiting_.pop_front();
    running_->state = JobState::running;
    running_->began = Clock::now();
    const std::shared_ptr<Job> job = running_;
    lock.unlock();
    run(*job);
    lock.lock();
  }
}

void JobQueue::run(Job& job) {
  Observer observer;
  observer.stop = job.stop.get_token();
  observer.on_step = [&](const StepProgress& step) {
    const std::lock_guard lock(mutex_);
    job.step = step;
  };
  // Of a batch its first picture: batches come one after the other.
  observer.wants_preview = [&](const StepProgress& step, std::size_t picture) {
    return job.wants_preview && picture == job.frames.size() && job.wants_preview(step);
  };
  observer.on_preview = [&](const Preview& preview) { keep_preview(job, preview); };
  const auto on_picture = [&](std::size_t index, Picture picture) {
    auto frame = std::make_shared<const Frame>(make_frame(index, std::move(picture)));
    const std::lock_guard lock(mutex_);
    job.step = {};
    job.frames.push_back(std::move(frame));
    changed_.notify_all();
  };
  JobState state = JobState::done;
  std::optional<Error> fault;
  try {
    pipeline_.generate(job.list, on_picture, observer);
  } catch (const Error& error) {
    state = error.code() == ErrorCode::cancelled ? JobState::cancelled : JobState::failed;
    fault = error;
  } catch (const std::bad_alloc&) {
    state = JobState::failed;
    fault = Error(ErrorCode::internal, "out of memory; use a smaller size");
  } catch (const std::exception& error) {
    state = JobState::failed;
    fault = Error(ErrorCode::internal, error.what());
  }
  if (fault) fault = job.uploads.without_paths(*fault);
  const std::lock_guard lock(mutex_);
  running_ = nullptr;  // With its end: who has the answer finds nothing running.
  end(job, state, state == JobState::failed ? fault : std::nullopt);
}

void JobQueue::keep_preview(Job& job, const Preview& preview) {
  PreviewFrame frame;
  frame.picture = preview.picture;
  frame.position = job.list[preview.picture].position;
  frame.step = preview.step;
  const auto bytes = encode_png(preview.image, "");
  frame.png.assign(bytes.begin(), bytes.end());
  const std::lock_guard lock(mutex_);
  frame.number = job.previews.empty() ? 0 : job.previews.back()->number + 1;
  job.previews.push_back(std::make_shared<const PreviewFrame>(std::move(frame)));
  if (job.previews.size() > kKeptPreviews) job.previews.pop_front();
}

/// With the lock held.
void JobQueue::end(Job& job, JobState state, std::optional<Error> error) {
  job.state = state;
  job.ended = Clock::now();
  job.error = std::move(error);
  job.uploads = {};
  ended_.push_back(jobs_.at(job.id));
  kept_bytes_ += job.bytes();
  forget_old();
  changed_.notify_all();
}

/// With the lock held. The newest stays, however large.
void JobQueue::forget_old() {
  while (ended_.size() > 1 && (kept_bytes_ > limits_.kept_bytes || ended_.size() > limits_.kept_jobs)) {
    kept_bytes_ -= ended_.front()->bytes();
    jobs_.erase(ended_.front()->id);
    ended_.pop_front();
  }
}

/// With the lock held.
JobStatus JobQueue::describe(const Job& job) const {
  JobStatus status;
  status.id = job.id;
  status.state = job.state;
  status.pictures = job.list.size();
  status.step = job.step;
  status.error = job.error;
  status.frames = job.frames;
  status.previews = job.previews;
  if (job.state == JobState::queued) {
    const auto place =
        std::find_if(waiting_.begin(), waiting_.end(), [&](const auto& j) { return j.get() == &job; });
    status.ahead = static_cast<std::size_t>(place - waiting_.begin()) + (running_ == nullptr ? 0 : 1);
    return status;
  }
  const auto now = has_ended(job.state) ? job.ended : Clock::now();
  if (job.began != Clock::time_point{})
    status.seconds = std::chrono::duration<double>(now - job.began).count();
  if (const double share = status.share(); job.state == JobState::running && share > 0)
    status.seconds_left = status.seconds * (1 - share) / share;
  return status;
}

Frame JobQueue::make_frame(std::size_t index, Picture picture) const {
  Frame frame;
  frame.index = index;
  frame.settings = std::move(picture.settings);
  for (std::string* path :
       {&frame.settings.image, &frame.settings.mask, &frame.settings.to_image, &frame.settings.dial})
    path->clear();
  frame.parameters = to_parameters(frame.settings, pipeline_.info());
  const auto bytes = encode_png(picture.image, frame.parameters);
  frame.png.assign(bytes.begin(), bytes.end());
  frame.notices = std::move(picture.notices);
  return frame;
}

}  // namespace latentdial::server
