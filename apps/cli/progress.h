#pragma once

#include <chrono>

#include "latentdial/sweep.h"

namespace latentdial::cli {

/// One line on the terminal: a bar, the picture, its step, the time left. Draws nothing where stderr is no
/// terminal.
class ProgressLine {
 public:
  explicit ProgressLine(bool quiet);
  /// Wipes the line.
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show(const SweepProgress& progress);

 private:
  bool visible_;
  std::chrono::steady_clock::time_point start_;
  double first_fraction_ = -1;
};

/// Shows on the line how far one piece of work is, and stops it at Ctrl-C. The line must outlive it.
[[nodiscard]] Observer observe(ProgressLine& line);

}  // namespace latentdial::cli
