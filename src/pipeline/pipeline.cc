#include "latentdial/pipeline.h"

#include <span>
#include <utility>

#include "latentdial/parameters.h"
#include "pipeline/state.h"

namespace latentdial {

using namespace detail;

Pipeline::Pipeline(std::unique_ptr<State> state) : state_(std::move(state)) {}
Pipeline::~Pipeline() = default;
Pipeline::Pipeline(Pipeline&&) noexcept = default;
Pipeline& Pipeline::operator=(Pipeline&&) noexcept = default;

Pipeline Pipeline::load(const ModelOptions& options) {
  return Pipeline(std::make_unique<State>(std::make_shared<ModelVariants>(Model::load(options))));
}

Pipeline Pipeline::share() const {
  return Pipeline(std::make_unique<State>(state_->variants));
}

const ModelInfo& Pipeline::info() const {
  return state_->session.model->info;
}

std::vector<OperationTime> Pipeline::profile() const {
  const auto& profile = state_->session.model->profile;
  return profile ? profile->rows() : std::vector<OperationTime>();
}

Settings Pipeline::resolve(const Request& request) const {
  return state_->resolve(request).request.settings;
}

std::string Pipeline::parameters(const Request& request) const {
  return to_parameters(state_->resolve(request).request, info());
}

Picture Pipeline::generate(const Request& request, const Observer& observer) const {
  Picture picture;
  generate(
      std::vector{request}, [&](std::size_t, Picture made) { picture = std::move(made); }, observer);
  return picture;
}

void Pipeline::generate(const std::vector<Request>& list, const OnPicture& on_picture,
                        const Observer& observer) const {
  std::vector<Resolved> resolved;
  resolved.reserve(list.size());
  for (const Request& request : list) resolved.push_back(state_->resolve(request));
  std::vector<PlannedBatch> batches;
  {
    const std::scoped_lock lock(state_->one_at_a_time);
    batches = state_->plan(resolved);
  }
  Evaluations evaluations;
  for (const PlannedBatch& planned : batches) evaluations.to_come += planned.evaluations;
  std::span<const Resolved> left = resolved;
  for (const PlannedBatch& planned : batches) {
    const std::scoped_lock lock(state_->one_at_a_time);
    evaluations.to_come -= planned.evaluations;
    const std::size_t begin = resolved.size() - left.size();
    detail::generate(state_->session_with(left.front().loras), left.first(planned.size), begin, evaluations,
                     on_picture, observer);
    left = left.subspan(planned.size);
    if (left.empty()) state_->release_dialled();
  }
}

}  // namespace latentdial
