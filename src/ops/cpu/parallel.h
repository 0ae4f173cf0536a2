#pragma once

#include <omp.h>

#include <algorithm>
#include <cstdint>
#include <exception>

#include "tensor/stop_scope.h"

namespace latentdial::detail::ops::cpu {

template <class Integer>
constexpr Integer divide_up(Integer n, Integer by) {
  return (n + by - 1) / by;
}
template <class Integer>
constexpr Integer round_up(Integer n, Integer step) {
  return divide_up(n, step) * step;
}

/// Runs body(i, thread) for i in [0, count) on up to `threads` threads; `thread` is in [0, threads).
/// Who runs which i is open, so every i must write its own results: then the bits do not depend on `threads`.
/// An exception of the body comes out of the call, once all others are done; and Error(cancelled), once those
/// that run are done, where a StopScope of the calling thread says so.
template <class Body>
void parallel_for(int threads, std::int64_t count, const Body& body) {
  const int team = static_cast<int>(std::min<std::int64_t>(threads, count));
  const std::stop_token* stop = StopScope::current();
  if (team <= 1) {
    for (std::int64_t i = 0; i < count; ++i) {
      throw_if_stopped(stop);
      body(i, 0);
    }
    return;
  }
  std::exception_ptr failure;
#pragma omp parallel for schedule(dynamic) num_threads(team)
  for (std::int64_t i = 0; i < count; ++i) {
    try {
      if (!is_stopped(stop)) body(i, omp_get_thread_num());
    } catch (...) {
#pragma omp critical(latentdial_parallel_failure)
      failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
  throw_if_stopped(stop);
}

/// Runs body(begin, end) over [0, count) in blocks of `block`, for work without state per thread.
template <class Body>
void parallel_blocks(int threads, std::int64_t count, std::int64_t block, const Body& body) {
  parallel_for(threads, divide_up(count, block),
               [&](std::int64_t i, int /*thread*/) { body(i * block, std::min(count, (i + 1) * block)); });
}

/// While it lives, libraries called from this thread use `threads` OpenMP threads. The setting belongs to the
/// calling thread alone, so back ends with different counts do not disturb each other.
class ThreadScope {
 public:
  explicit ThreadScope(int threads) : before_(omp_get_max_threads()) { omp_set_num_threads(threads); }
  ~ThreadScope() { omp_set_num_threads(before_); }
  ThreadScope(const ThreadScope&) = delete;
  ThreadScope& operator=(const ThreadScope&) = delete;

 private:
  int before_;
};

}  // namespace latentdial::detail::ops::cpu
