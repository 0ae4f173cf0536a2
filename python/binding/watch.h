#pragma once

#include <nanobind/nanobind.h>

#include <exception>
#include <stop_token>
#include <utility>

#include "latentdial/error.h"
#include "latentdial/pipeline.h"

namespace latentdial::binding {

/// What a callback is told.
struct Progress {
  int step = 0, steps = 0;        ///< Of the batch that is being made.
  int picture = 0, pictures = 0;  ///< Finished, and in all.
};

/// Work without the GIL that Python can follow and stop: by a callback that returns False or raises, or by
/// Ctrl-C.
class Watch {
 public:
  Watch(nanobind::object callback, int pictures) : callback_(std::move(callback)), pictures_(pictures) {}

  /// Calls `work(observer)` without the GIL. Throws what the callback raised, and Error(cancelled) when it
  /// returned False.
  template <class Work>
  void run(const Pipeline& pipeline, Work&& work) {
    const Turn turn(pipeline);
    try {
      const nanobind::gil_scoped_release unlocked;
      work(Observer{.on_step = [this](const StepProgress& progress) { on_step(progress); },
                    .stop = stop_.get_token()});
    } catch (const Error& error) {
      if (error.code() != ErrorCode::cancelled || fault_ == nullptr) throw;
    }
    if (fault_ != nullptr) std::rethrow_exception(std::exchange(fault_, nullptr));
  }
  void picture_finished() { ++picture_; }

 private:
  /// One thread's turn at a pipeline: a callback that calls the pipeline which calls it would wait forever.
  class Turn {
   public:
    explicit Turn(const Pipeline& pipeline);
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    const Pipeline* before_;
  };

  void on_step(const StepProgress& progress);
  void tell_python(const StepProgress& progress);

  nanobind::object callback_;
  int picture_ = 0, pictures_;
  std::stop_source stop_;
  std::exception_ptr fault_;
};

}  // namespace latentdial::binding
