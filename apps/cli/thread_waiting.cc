#include "thread_waiting.h"

#include <unistd.h>

#include <cstdlib>

namespace latentdial::cli {

void keep_thread_waiting_short(char** argv) {
  if (std::getenv("GOMP_SPINCOUNT") != nullptr || std::getenv("OMP_WAIT_POLICY") != nullptr) return;
  if (setenv("GOMP_SPINCOUNT", "1000", 1) != 0) return;
  execv("/proc/self/exe", argv);
}

}  // namespace latentdial::cli
