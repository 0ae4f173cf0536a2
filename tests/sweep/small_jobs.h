#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "latentdial/pipeline.h"
#include "latentdial/sweep.h"

namespace latentdial::detail {

/// The embedded model, loaded once for a test program.
inline const Pipeline& pipeline() {
  static const Pipeline loaded = Pipeline::load({});
  return loaded;
}

/// So many small pictures, which differ in their seed.
inline std::vector<Job> small_jobs(int count) {
  std::vector<Job> list;
  for (int i = 0; i < count; ++i) {
    Settings s;
    s.prompt = "a dog";
    s.seed = static_cast<std::uint64_t>(i);
    s.steps = 2;
    s.width = s.height = 64;
    list.push_back({s, "picture-" + std::to_string(i) + ".png"});
  }
  return list;
}

}  // namespace latentdial::detail
