#include "retries.h"

#include <algorithm>

#include "latentdial/error.h"

namespace latentdial::server {
namespace {

constexpr std::size_t kRemembered = 256;
constexpr double kSecondsWithoutKey = 60;  // After the job's end; OpenAI's client tries again within 8.

}  // namespace

/// With the lock held: two tries at once are still one job.
std::shared_ptr<JobQueue::Waiter> Retries::join(JobQueue& queue, const Request& request) const {
  for (const Known& known : known_) {
    if (known.client != request.client || known.key != request.key) continue;
    if (known.body != request.body) {
      if (request.key.empty()) continue;
      throw invalid_input("Idempotency-Key", "it was used for another request");
    }
    const auto job = queue.status(known.job, request.client);
    if (!job || (request.key.empty() && job->seconds_since_end > kSecondsWithoutKey)) return nullptr;
    return queue.join(known.job, request.client);
  }
  return nullptr;
}

std::shared_ptr<JobQueue::Waiter> Retries::start(JobQueue& queue, const Request& request,
                                                 const Submit& submit) {
  const std::lock_guard lock(mutex_);
  if (request.again || !request.key.empty()) {
    if (auto waiter = join(queue, request)) return waiter;
  }
  auto waiter = submit();
  std::erase_if(known_, [&](const Known& known) {
    const bool same_body = !request.key.empty() || known.body == request.body;
    return known.client == request.client && known.key == request.key && same_body;
  });
  known_.push_back({request.client, request.key, request.body, waiter->id()});
  if (known_.size() > kRemembered) known_.pop_front();
  return waiter;
}

}  // namespace latentdial::server
