/* Preloaded, it kills the program the moment all bytes of a file are written and none has its name yet. */
#include <signal.h>

int fsync(int file) {
  (void)file;
  return raise(SIGKILL);
}
