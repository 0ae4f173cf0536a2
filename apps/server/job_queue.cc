#include "job_queue.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <random>
#include <thread>
#include <utility>

#include "latentdial/parameters.h"
#include "queued_job.h"

namespace latentdial::server {
namespace {

constexpr int kWorkerNiceness = 5;
constexpr std::size_t kMostWaiters = 256;  // Of one job: a request that comes again and again.

/// Nobody can guess another's job.
std::string random_id() {
  std::random_device device;
  return fmt::format("{:08x}{:08x}{:08x}", device(), device(), device());
}

std::size_t bytes_of(const InputImages& images) {
  std::size_t sum = 0;
  for (const InputFile& input : input_pictures())
    if (const auto& image = images.*input.picture) sum += image->image().rgb.size();
  return sum;
}

}  // namespace

std::vector<Request> requests_of(const std::vector<Settings>& list, const Request& asked) {
  std::vector<Request> requests(list.size(), asked);
  for (std::size_t i = 0; i < list.size(); ++i) requests[i].settings = list[i];
  return requests;
}

/// Runs one job at a time. Its pipelines, one a model, remember what the latest of them left behind.
struct JobQueue::Worker {
  explicit Worker(std::size_t at) : place(at) {}

  const std::size_t place;       ///< Among the workers.
  std::shared_ptr<Job> job;      ///< The one that runs; null: idle.
  std::optional<Client> client;  ///< Of the latest job.
  std::int64_t number = 0;       ///< Of the latest job.
  std::thread thread;
};

JobQueue::JobQueue(LoadedModels& models, QueueLimits limits) : models_(models), limits_(limits) {
  for (std::size_t i = 0; i < limits.at_once; ++i) workers_.push_back(std::make_unique<Worker>(i));
  for (const auto& worker : workers_) worker->thread = std::thread([this, w = worker.get()] { work(*w); });
}

JobQueue::~JobQueue() {
  close();
  for (const auto& worker : workers_) worker->thread.join();
}

void JobQueue::close() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  for (const auto& job : waiting_) end(*job, JobState::cancelled, std::nullopt);
  waiting_.clear();
  for (const auto& worker : workers_)
    if (worker->job) worker->job->stop.request_stop();
  changed_.notify_all();
}

/// With the lock held.
void JobQueue::require_room(const Job& job) const {
  if (stopping_ || waiting_.size() >= limits_.waiting)
    throw QueueFull(
        fmt::format("{} jobs are waiting, which is as many as this server takes", waiting_.size()));
  const bool more = job.image_bytes > 0 && unfinished_image_bytes_ > 0;
  if (more && unfinished_image_bytes_ + job.image_bytes > limits_.image_bytes)
    throw QueueFull("pictures of waiting jobs take as much memory as this server has for them");
  if (!job.client.bounded) return;
  const auto waiting = std::ranges::count(waiting_, job.client, &Job::client);
  const std::size_t theirs = static_cast<std::size_t>(waiting) + running_jobs(job.client);
  if (theirs >= limits_.per_client)
    throw QueueFull(fmt::format(
        "{} jobs of yours are waiting or running, which is as many as one client may have", theirs));
}

Settings JobQueue::check(const ModelPtr& model, const Request& request) const {
  models_.require_room(*model);
  if (const auto loaded = models_.use_loaded(model)) return loaded->pipeline().resolve(request);
  validate(request);
  return request.settings;
}

std::shared_ptr<JobQueue::Waiter> JobQueue::submit(const ModelPtr& model, std::vector<Request> list,
                                                   const Client& client, WhenLeft when_left,
                                                   WantsPreview wants_preview) {
  auto job = std::make_shared<Job>();
  for (Request& request : list) request.settings = check(model, request);
  job->model = model;
  job->list = std::move(list);
  job->client = client;
  job->image_bytes = bytes_of(job->list.front().images);
  job->wants_preview = std::move(wants_preview);
  job->when_left = when_left;
  return take(job);
}

std::shared_ptr<JobQueue::Waiter> JobQueue::submit(const ModelPtr& model, CalibrationOptions options,
                                                   const Client& client) {
  validate(options);
  Settings plain = options.settings;
  plain.style = "";
  plain.prompt = options.prompts.front();
  (void)check(model, plain);
  auto job = std::make_shared<Job>();
  job->model = model;
  job->fit = std::move(options);
  job->client = client;
  return take(job);
}

std::shared_ptr<JobQueue::Waiter> JobQueue::submit(Enlargement enlargement, const Client& client,
                                                   WhenLeft when_left) {
  auto job = std::make_shared<Job>();
  for (const auto& [image, parameters] : enlargement.pictures) job->image_bytes += image.rgb.size();
  job->enlargement = std::move(enlargement);
  job->client = client;
  job->when_left = when_left;
  return take(job);
}

std::shared_ptr<JobQueue::Waiter> JobQueue::take(const std::shared_ptr<Job>& job) {
  job->id = random_id();
  const std::lock_guard lock(mutex_);
  require_room(*job);
  unfinished_image_bytes_ += job->image_bytes;
  jobs_[job->id] = job;
  waiting_.push_back(job);
  start_waiting_jobs();
  return add_waiter(job);
}

/// With the lock held. Null for another client's job as for none.
std::shared_ptr<JobQueue::Job> JobQueue::find(const std::string& id, const Client& client) const {
  const auto found = jobs_.find(id);
  return found != jobs_.end() && found->second->client == client ? found->second : nullptr;
}

std::shared_ptr<JobQueue::Waiter> JobQueue::join(const std::string& id, const Client& client) {
  const std::lock_guard lock(mutex_);
  const auto job = find(id, client);
  if (!job || job->stop.stop_requested()) return nullptr;
  if (job->waiters.size() >= kMostWaiters)
    throw QueueFull(
        fmt::format("{} requests wait for this job, which is as many as may", job->waiters.size()));
  return add_waiter(job);
}

/// With the lock held.
std::shared_ptr<JobQueue::Waiter> JobQueue::add_waiter(const std::shared_ptr<Job>& job) {
  job->waiters.reserve(job->waiters.size() + 1);  // What throws below would end a Waiter, which locks.
  auto waiter = std::make_shared<Waiter>(*this, job);
  job->waiters.push_back(waiter.get());
  return waiter;
}

void JobQueue::leave(const Waiter& waiter) {
  const std::lock_guard lock(mutex_);
  const std::shared_ptr<Job>& job = waiter.job_;
  std::erase(job->waiters, &waiter);
  if (job->waiters.empty() && job->when_left == WhenLeft::cancel) cancel(job);
}

std::optional<JobStatus> JobQueue::status(const std::string& id, const Client& client) const {
  const std::lock_guard lock(mutex_);
  const auto job = find(id, client);
  return job ? std::optional(describe(*job)) : std::nullopt;
}

std::optional<InputImages> JobQueue::images(const std::string& id, const Client& client) const {
  const std::lock_guard lock(mutex_);
  const auto job = find(id, client);
  return job && job->image_bytes > 0 && !job->list.empty() ? std::optional(job->list.front().images)
                                                           : std::nullopt;
}

std::optional<JobStatus> JobQueue::running(const Client& client) const {
  const std::lock_guard lock(mutex_);
  const Job* latest = nullptr;
  for (const auto& worker : workers_) {
    const Job* job = worker->job.get();
    if (job != nullptr && job->client == client && (latest == nullptr || job->number > latest->number))
      latest = job;
  }
  return latest != nullptr ? std::optional(describe(*latest)) : std::nullopt;
}

std::size_t JobQueue::unfinished() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size() + running_jobs();
}

void JobQueue::ask_for_preview(const std::string& id, const Client& client) {
  const std::lock_guard lock(mutex_);
  if (const auto job = find(id, client)) job->preview_asked = true;
}

void JobQueue::cancel(const std::string& id, const Client& client) {
  const std::lock_guard lock(mutex_);
  if (const auto job = find(id, client)) cancel(job);
}

/// With the lock held.
void JobQueue::cancel(const std::shared_ptr<Job>& job) {
  if (has_ended(job->state)) return;
  job->stop.request_stop();
  if (std::erase(waiting_, job) > 0) end(*job, JobState::cancelled, std::nullopt);
}

/// With the lock held.
void JobQueue::tell(const Job& job) {
  for (const Waiter* waiter : job.waiters)
    if (waiter->wake_ && (waiter->news_ == Waiter::News::every_change || has_ended(job.state)))
      waiter->wake_();
}

const std::string& JobQueue::Waiter::id() const {
  return job_->id;
}

JobStatus JobQueue::Waiter::status() const {
  const std::lock_guard lock(queue_.mutex_);
  return queue_.describe(*job_);
}

void JobQueue::Waiter::notify(Wake wake, News news) {
  const std::lock_guard lock(queue_.mutex_);
  wake_ = std::move(wake);
  news_ = news;
}

/// With the lock held. A client gets one worker after the other while others wait for their first.
void JobQueue::start_waiting_jobs() {
  while (!waiting_.empty()) {
    const auto next =
        std::ranges::min_element(waiting_, {}, [this](const auto& job) { return running_jobs(job->client); });
    Worker* worker = idle_worker((*next)->client);
    if (worker == nullptr) break;
    worker->job = *next;
    worker->client = worker->job->client;
    worker->number = worker->job->number = ++begun_;
    worker->job->state = JobState::running;
    worker->job->began = Clock::now();
    waiting_.erase(next);
  }
  changed_.notify_all();
}

/// With the lock held. The one that served the client last, whose pictures it may remember; else the one
/// whose memories are the oldest. Null where all are busy.
JobQueue::Worker* JobQueue::idle_worker(const Client& client) const {
  const auto rank = [&](const Worker& worker) {
    return worker.client == client ? std::pair(true, worker.number) : std::pair(false, -worker.number);
  };
  Worker* best = nullptr;
  for (const auto& worker : workers_)
    if (!worker->job && (best == nullptr || rank(*worker) > rank(*best))) best = worker.get();
  return best;
}

/// With the lock held.
std::size_t JobQueue::running_jobs() const {
  const auto count =
      std::ranges::count_if(workers_, [](const auto& worker) { return worker->job != nullptr; });
  return static_cast<std::size_t>(count);
}

/// With the lock held.
std::size_t JobQueue::running_jobs(const Client& client) const {
  const auto count = std::ranges::count_if(
      workers_, [&](const auto& worker) { return worker->job && worker->job->client == client; });
  return static_cast<std::size_t>(count);
}

void JobQueue::work(Worker& worker) {
  // Of this thread and those that compute for it: who asks how far it is must not wait for it.
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kWorkerNiceness);
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return stopping_ || worker.job; });
    if (!worker.job) return;
    const std::shared_ptr<Job> job = worker.job;
    lock.unlock();
    const auto [state, error] = run(*job, worker.place);
    lock.lock();
    worker.job = nullptr;  // With its end: who has the answer finds nothing running.
    end(*job, state, error);
    start_waiting_jobs();
  }
}

/// With the lock held.
void JobQueue::end(Job& job, JobState state, std::optional<Error> error) {
  job.state = state;
  job.ended = Clock::now();
  job.error = std::move(error);
  unfinished_image_bytes_ -= job.image_bytes;
  kept_image_bytes_ += job.image_bytes;
  ended_.push_back(jobs_.at(job.id));
  kept_bytes_ += job.bytes();
  tell(job);
  forget_old();
}

/// With the lock held. Of an ended job.
void JobQueue::forget_images(Job& job) {
  for (Request& request : job.list) request.images = {};
  if (job.enlargement) job.enlargement->pictures.clear();
  kept_image_bytes_ -= std::exchange(job.image_bytes, 0);
}

/// With the lock held. The newest job stays, however large.
void JobQueue::forget_old() {
  for (const auto& job : ended_) {
    if (kept_image_bytes_ <= limits_.kept_image_bytes) break;
    forget_images(*job);
  }
  while (ended_.size() > 1 && (kept_bytes_ > limits_.kept_bytes || ended_.size() > limits_.kept_jobs)) {
    kept_bytes_ -= ended_.front()->bytes();
    forget_images(*ended_.front());
    jobs_.erase(ended_.front()->id);
    ended_.pop_front();
  }
}

/// With the lock held.
JobStatus JobQueue::describe(const Job& job) const {
  JobStatus status;
  status.id = job.id;
  status.model = job.model ? job.model->name() : "";
  status.number = job.number;
  status.state = job.state;
  status.fits = job.fit.has_value();
  status.pictures = job.fit           ? static_cast<std::size_t>(most_pictures(*job.fit))
                    : job.enlargement ? job.enlargement->pictures.size()
                                      : job.list.size();
  status.made = job.fit ? job.made_to_fit : job.frames.size();
  status.dial = job.dial;
  status.step = job.step;
  status.error = job.error;
  status.frames = job.frames;
  status.previews = job.previews;
  if (job.state == JobState::queued) {
    const auto place = std::ranges::find(waiting_, &job, &std::shared_ptr<Job>::get);
    status.ahead = static_cast<std::size_t>(place - waiting_.begin()) + running_jobs();
    return status;
  }
  const auto now = has_ended(job.state) ? job.ended : Clock::now();
  if (job.began != Clock::time_point{})
    status.seconds = std::chrono::duration<double>(now - job.began).count();
  if (has_ended(job.state))
    status.seconds_since_end = std::chrono::duration<double>(Clock::now() - job.ended).count();
  if (const double share = status.share(); job.state == JobState::running && share > 0)
    status.seconds_left = status.seconds * (1 - share) / share;
  return status;
}

}  // namespace latentdial::server
