#pragma once

#include <string>

#include "latentdial/settings.h"
#include "output.h"

namespace latentdial::cli {

/// A sweep for the machines of a Ray cluster.
struct RaySweep {
  std::string plan;
  std::string out;
  std::string address;  ///< "auto": the cluster that this machine belongs to; "local": this machine alone.
  bool resume = false;
  bool allow_paths = false;
  ModelOptions engine;   ///< Of each loaded model; `threads` are its cores. `profile` is not for Ray.
  OutputOptions output;  ///< `verbose` is not for Ray.
};

/// Becomes the driver in the Python package, `latentdial.ray`, run by `python3` or $LATENTDIAL_PYTHON: the
/// process, its folder and its terminal stay the same. Throws invalid_input when that Python cannot be run;
/// the driver itself ends with one line and exit code 2 where the package or Ray is missing.
[[noreturn]] void become_ray_driver(const RaySweep& sweep);

}  // namespace latentdial::cli
