#include "task/task.h"

namespace latentdial::detail {

Turn Turn::shared() const {
  if (method == nullptr || edits() || follows_path()) return {};
  Turn turn = *this;
  turn.position = 0;
  return turn;
}

std::unique_ptr<Sampler> make_sampler(const Sampling& sampling, const NoiseSchedule& schedule) {
  return make_sampler(sampling.sampler, sampling.scheduler, schedule, sampling.steps, sampling.eta);
}

int first_evaluation(const Source& source, const Sampler& sampler) {
  return source.image ? sampler.first_evaluation(static_cast<float>(source.strength)) : 0;
}

int fork_evaluation(const Task& task, const Sampler& sampler) {
  const int first = first_evaluation(task.content.source, sampler);
  const Turn& turn = task.turn;
  if (turn.method == nullptr) return first;
  if (turn.edits() || turn.follows_path()) return sampler.evaluations();
  return sampler.evaluation_at(first, turn.method->info.window ? turn.window.start : turn.method->start);
}

}  // namespace latentdial::detail
