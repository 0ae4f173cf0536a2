#pragma once

#include <functional>
#include <memory>
#include <string>

#include "http_message.h"
#include "job_queue.h"

namespace latentdial::server {

/// An answer that `make` makes of the job once it has ended; the job's own error is thrown. The client waits
/// for the job until it has the answer or hangs up.
[[nodiscard]] Pending when_ended(std::shared_ptr<JobQueue::Waiter> waiter,
                                 std::function<HttpResponse(const JobStatus&)> make);

/// A stream of events, for which the client waits in the same way: `next` tells what is new in the job since
/// it was called last, and is called after each change.
[[nodiscard]] Stream event_stream(std::shared_ptr<JobQueue::Waiter> waiter,
                                  std::function<std::string(const JobStatus&)> next);

}  // namespace latentdial::server
