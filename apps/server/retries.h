#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "client.h"
#include "job_queue.h"

namespace latentdial::server {

/// The jobs of the latest requests of the images API: a request that its client sends again waits for the job
/// that it started. Thread-safe.
class Retries {
 public:
  struct Request {
    Client client;
    std::string key;       ///< Idempotency-Key; "" for none: the body alone says which request it is.
    std::size_t body = 0;  ///< A hash of it.
    bool again = false;    ///< Whether it says of itself that it was sent before.
  };
  using Submit = std::function<std::shared_ptr<JobQueue::Waiter>()>;

  /// Waits for the job of an earlier try, where that is known and not cancelled; else for the one that
  /// `submit` starts. Throws invalid_input where the client has used the key for another body.
  std::shared_ptr<JobQueue::Waiter> start(JobQueue& queue, const Request& request, const Submit& submit);

 private:
  struct Known {
    Client client;
    std::string key;
    std::size_t body;
    std::string job;
  };
  std::shared_ptr<JobQueue::Waiter> join(JobQueue& queue, const Request& request) const;

  std::mutex mutex_;
  std::deque<Known> known_;
};

}  // namespace latentdial::server
