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
  int picture = 0, pictures = 0;  ///< Finished, and in all; 0 where that is not known.
  double share = 0;               ///< Of all evaluations, 0 to 1.
};

/// Work without the GIL that Python can follow and stop: by a callback that returns False or raises, or by
/// Ctrl-C.
class Watch {
 public:
  Watch(nanobind::object callback, int pictures) : callback_(std::move(callback)), pictures_(pictures) {}
  /// Calls `on_preview(preview)` for every picture after every so many steps; None: never.
  void show_previews(nanobind::object on_preview, int every) {
    on_preview_ = std::move(on_preview);
    preview_every_ = every;
  }

  /// Calls `work(observer)` without the GIL. Throws what the callback raised, and Error(cancelled) when it
  /// returned False.
  template <class Engine, class Work>
  void run(const Engine& engine, Work&& work) {
    const Turn turn(&engine);
    try {
      const nanobind::gil_scoped_release unlocked;
      work(observer());
    } catch (const Error& error) {
      if (error.code() != ErrorCode::cancelled || fault_ == nullptr) throw;
    }
    if (fault_ != nullptr) std::rethrow_exception(std::exchange(fault_, nullptr));
  }
  void picture_finished() { ++picture_; }

 private:
  /// One thread's turn at a pipeline or an upscaler: a callback that calls one which waits for it would wait
  /// forever.
  class Turn {
   public:
    explicit Turn(const void* engine);
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    const void* engine_;
    static thread_local const Turn* innermost_;  ///< Of this thread.
    const Turn* before_;                         ///< The turn in whose callback this one is.
  };

  [[nodiscard]] Observer observer();
  /// Runs `tell` with the GIL. What it throws stops the work, and is thrown when that has stopped.
  template <class Tell>
  void in_python(Tell&& tell);
  void tell_python(const StepProgress& progress);

  nanobind::object callback_, on_preview_ = nanobind::none();
  int preview_every_ = 1;
  int picture_ = 0, pictures_;
  std::stop_source stop_;
  std::exception_ptr fault_;
};

}  // namespace latentdial::binding
