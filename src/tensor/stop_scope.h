#pragma once

#include <stop_token>
#include <utility>

#include "latentdial/error.h"

namespace latentdial::detail {

/// While it lives, operations that this thread begins end with Error(cancelled) as soon as `stop`, which must
/// outlive it, is asked to: at large sizes a single one takes seconds.
class StopScope {
 public:
  explicit StopScope(const std::stop_token& stop) : before_(std::exchange(current_, &stop)) {}
  ~StopScope() { current_ = before_; }
  StopScope(const StopScope&) = delete;
  StopScope& operator=(const StopScope&) = delete;

  /// This thread's; null: nothing stops it.
  [[nodiscard]] static const std::stop_token* current() { return current_; }

 private:
  static inline constinit thread_local const std::stop_token* current_ = nullptr;
  const std::stop_token* before_;
};

[[nodiscard]] inline bool is_stopped(const std::stop_token* stop) {
  return stop != nullptr && stop->stop_requested();
}

inline void throw_if_stopped(const std::stop_token* stop) {
  if (is_stopped(stop)) throw Error(ErrorCode::cancelled, "stopped before the picture was finished");
}

}  // namespace latentdial::detail
