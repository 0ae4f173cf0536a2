#include "job_answer.h"

#include <optional>
#include <utility>

namespace latentdial::server {

using News = JobQueue::Waiter::News;

Pending when_ended(std::shared_ptr<JobQueue::Waiter> waiter,
                   std::function<HttpResponse(const JobStatus&)> make) {
  Pending pending;
  pending.start = [waiter](Wake wake) { waiter->notify(std::move(wake), News::end); };
  pending.answer = [waiter, make = std::move(make)]() -> std::optional<HttpResponse> {
    const JobStatus status = waiter->status();
    if (!has_ended(status.state)) return std::nullopt;
    if (status.error) throw *status.error;
    return make(status);
  };
  return pending;
}

Stream event_stream(std::shared_ptr<JobQueue::Waiter> waiter,
                    std::function<std::string(const JobStatus&)> next) {
  Stream stream;
  stream.type = "text/event-stream";
  stream.start = [waiter](Wake wake) { waiter->notify(std::move(wake), News::every_change); };
  stream.next = [waiter, next = std::move(next)] {
    const JobStatus status = waiter->status();
    return Stream::Piece{next(status), has_ended(status.state)};
  };
  return stream;
}

}  // namespace latentdial::server
