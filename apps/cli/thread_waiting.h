#pragma once

namespace latentdial::cli {

/// Makes idle worker threads give their core away after some microseconds, as OpenMP's GOMP_SPINCOUNT=1000
/// does. GNU's OpenMP otherwise spins for milliseconds, and a picture takes four times as long as soon as
/// another program wants a core. The variable counts only at a program's start, so this runs the program
/// anew, once. Does nothing where GOMP_SPINCOUNT or OMP_WAIT_POLICY is already set or the program cannot be
/// found.
void keep_thread_waiting_short(char** argv);

}  // namespace latentdial::cli
