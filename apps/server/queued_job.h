#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "job_queue.h"

namespace latentdial::server {

/// A job as the queue has it: what is asked for, and what has come of it so far. Only with the queue's lock
/// held may others than its worker see it.
struct JobQueue::Job {
  std::string id;
  Client client;
  ModelPtr model;                          ///< Null where pictures are enlarged.
  std::vector<Request> list;               ///< Pictures to make, or none:
  std::optional<CalibrationOptions> fit;   ///< a dial to fit, or
  std::optional<Enlargement> enlargement;  ///< pictures to enlarge.
  std::size_t image_bytes = 0;             ///< Of the pixels that each of them is given.
  WantsPreview wants_preview;
  bool preview_asked = false;
  WhenLeft when_left = WhenLeft::go_on;
  std::vector<const Waiter*> waiters;
  std::int64_t number = 0;  ///< By the order in which jobs began.
  JobState state = JobState::queued;
  StepProgress step;
  Clock::time_point began, ended;
  std::optional<Error> error;
  std::vector<std::shared_ptr<const Frame>> frames;
  std::deque<std::shared_ptr<const PreviewFrame>> previews;
  std::size_t made_to_fit = 0;
  std::shared_ptr<const Dial> dial;
  std::stop_source stop;

  [[nodiscard]] std::size_t bytes() const {
    std::size_t sum = 0;
    for (const auto& frame : frames) sum += frame->png.size();
    for (const auto& preview : previews) sum += preview->png.size();
    return sum;
  }
};

}  // namespace latentdial::server
