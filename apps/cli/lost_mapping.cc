#include "lost_mapping.h"

#include <unistd.h>

#include <csignal>
#include <string_view>

namespace latentdial::cli {
namespace {

constexpr std::string_view kLine =
    "latentdial: a model file was cut short or could not be read any more while it was in use; replace "
    "models by renaming, and try again\n";

/// Only what a signal handler may do.
void on_lost_mapping(int) {
  [[maybe_unused]] const auto written = write(STDERR_FILENO, kLine.data(), kLine.size());
  _exit(2);
}

}  // namespace

void catch_lost_mappings() {
  struct sigaction action {};
  action.sa_handler = on_lost_mapping;
  sigaction(SIGBUS, &action, nullptr);
}

}  // namespace latentdial::cli
