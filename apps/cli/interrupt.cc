#include "interrupt.h"

#include <unistd.h>

#include <csignal>

namespace latentdial::cli {
namespace {

volatile std::sig_atomic_t interrupted = 0;

std::stop_source& source() {
  static std::stop_source instance;
  return instance;
}

void on_signal(int) {
  if (interrupted != 0) _exit(1);
  interrupted = 1;
}

}  // namespace

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

void poll_interrupts() {
  if (interrupted != 0) source().request_stop();
}

std::stop_token interrupt_token() {
  return source().get_token();
}

}  // namespace latentdial::cli
