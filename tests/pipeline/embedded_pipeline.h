#pragma once

#include <string>
#include <utility>
#include <vector>

#include "latentdial/error.h"
#include "latentdial/pipeline.h"

namespace latentdial::detail {

/// The embedded model in f32, loaded once for a test program.
inline const Pipeline& pipeline() {
  static const Pipeline loaded = Pipeline::load({.model = "", .dtype = "f32", .threads = 2});
  return loaded;
}

/// The pictures of a list, and how many denoising steps were taken.
inline std::pair<std::vector<Picture>, int> make(const Pipeline& by, const std::vector<Request>& list) {
  std::vector<Picture> pictures(list.size());
  int steps = 0;
  Observer observer;
  observer.on_step = [&](const StepProgress&) { ++steps; };
  by.generate(
      list, [&](std::size_t i, Picture picture) { pictures[i] = std::move(picture); }, observer);
  return {pictures, steps};
}

/// What is said where a request cannot be resolved; empty where it can.
inline std::string refusal(const Request& request) {
  try {
    (void)pipeline().resolve(request);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

inline std::vector<Request> requests(const std::vector<Settings>& list) {
  return {list.begin(), list.end()};
}

}  // namespace latentdial::detail
