#include "progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "interrupt.h"

namespace latentdial::cli {
namespace {

constexpr int kBarWidth = 24;

std::string time_left(double seconds) {
  const auto whole = static_cast<int>(std::min(seconds, 359999.0));
  return whole >= 3600 ? fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60)
                       : fmt::format("{}:{:02}", whole / 60, whole % 60);
}

}  // namespace

ProgressLine::ProgressLine(bool quiet)
    : visible_(!quiet && isatty(STDERR_FILENO) != 0), start_(std::chrono::steady_clock::now()) {}

ProgressLine::~ProgressLine() {
  if (visible_) fmt::print(stderr, "\r\033[K");
}

void ProgressLine::show(const SweepProgress& p) {
  if (!visible_) return;
  const double fraction = std::min(1.0, p.share);
  if (first_fraction_ < 0) {
    first_fraction_ = fraction;
    start_ = std::chrono::steady_clock::now();
  }
  const double elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  const double done = fraction - first_fraction_;
  const auto filled = static_cast<int>(fraction * kBarWidth);
  std::string line = fmt::format("\r[{}{}]", std::string(filled, '#'), std::string(kBarWidth - filled, '.'));
  if (p.pictures > 1) line += fmt::format("  picture {}/{}", std::min(p.picture + 1, p.pictures), p.pictures);
  if (p.step.steps > 0) line += fmt::format("  step {}/{}", p.step.step, p.step.steps);
  if (done > 0) line += fmt::format("  {} left", time_left(elapsed * (1 - fraction) / done));
  fmt::print(stderr, "{}\033[K", line);
  std::fflush(stderr);
}

Observer observe(ProgressLine& line) {
  Observer observer;
  observer.stop = interrupt_token();
  observer.on_step = [&line](const StepProgress& step) {
    line.show({.picture = 0, .pictures = 1, .step = step, .share = step.share()});
    poll_interrupts();
  };
  return observer;
}

}  // namespace latentdial::cli
