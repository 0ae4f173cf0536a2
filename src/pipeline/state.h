#pragma once

#include <mutex>

#include "latentdial/pipeline.h"
#include "session/session.h"
#include "task/opened_files.h"
#include "task/resolve.h"

namespace latentdial {

using namespace detail;

/// What a pipeline holds: a session, used by one call at a time.
struct Pipeline::State {
  explicit State(std::shared_ptr<const Model> model) : session(std::move(model)) {}
  [[nodiscard]] Resolved resolve(const Request& request) {
    return detail::resolve(request, *session.model, files);
  }

  Session session;
  std::mutex one_at_a_time;
  OpenedFiles files;
};

namespace detail {

/// The way in for the library's own parts that sit on a pipeline.
struct PipelineAccess {
  [[nodiscard]] static Pipeline::State& state(const Pipeline& pipeline) { return *pipeline.state_; }
};

}  // namespace detail

}  // namespace latentdial
