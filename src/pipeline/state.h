#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "latentdial/pipeline.h"
#include "model/model_variants.h"
#include "session/generate.h"
#include "session/session.h"
#include "task/opened_files.h"
#include "task/resolve.h"

namespace latentdial {

using namespace detail;

/// What a pipeline holds: a session, used by one call at a time, and another of the model with the LoRAs that
/// the last picture added.
struct Pipeline::State {
  explicit State(std::shared_ptr<ModelVariants> of) : variants(std::move(of)), session(variants) {}

  /// The tags of LoRAs are taken out of the task's prompt, and stay in the settings'.
  [[nodiscard]] Resolved resolve(const Request& request);
  /// The LoRA of a style that is one. Throws invalid_input of "style".
  [[nodiscard]] std::optional<LoraUse> lora_of(const std::string& style);
  /// The batches of a list, in order; each is of one session.
  [[nodiscard]] std::vector<PlannedBatch> plan(std::span<const Resolved> list);
  /// The session of the model with these LoRAs.
  [[nodiscard]] Session& session_with(const std::vector<LoraUse>& loras);

  /// Lets go of the models that dials turned to, but for the one that all callers share (ModelVariants).
  void release_dialled();

  std::shared_ptr<ModelVariants> variants;
  Session session;
  std::mutex one_at_a_time;
  OpenedFiles files;

 private:
  struct Varied {
    std::vector<LoraUse> loras;
    Session session;
  };
  std::unique_ptr<Varied> varied_;
};

namespace detail {

/// The way in for the library's own parts that sit on a pipeline.
struct PipelineAccess {
  [[nodiscard]] static Pipeline::State& state(const Pipeline& pipeline) { return *pipeline.state_; }
};

}  // namespace detail

}  // namespace latentdial
