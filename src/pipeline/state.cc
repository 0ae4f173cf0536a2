#include "pipeline/state.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "prompt/lora_tags.h"

namespace latentdial {

Resolved Pipeline::State::resolve(const Request& request) {
  const Model& model = *session.model;
  if (request.settings.plain_prompt) return detail::resolve(request, model, files);
  TaggedPrompt prompt = take_lora_tags(request.settings.prompt);
  if (prompt.loras.empty()) return detail::resolve(request, model, files);
  auto loras = find_loras(prompt.loras, model.loaded_by.lora_dir);
  Request without = request;
  without.settings.prompt = std::move(prompt.text);
  Resolved resolved = detail::resolve(without, model, variants->info_with(loras), files);
  resolved.request.settings.prompt = request.settings.prompt;
  resolved.loras = std::move(loras);
  return resolved;
}

Session& Pipeline::State::session_with(const std::vector<LoraUse>& loras) {
  if (loras.empty()) return session;
  if (!varied_ || varied_->loras != loras) {
    varied_.reset();  // Its model's memory is free before another takes as much.
    varied_.reset(new Varied{loras, Session(variants->with(loras))});
  }
  return varied_->session;
}

std::vector<PlannedBatch> Pipeline::State::plan(std::span<const Resolved> list) {
  std::vector<PlannedBatch> batches;
  while (!list.empty()) {
    const auto& loras = list.front().loras;
    const auto other = std::ranges::find_if(list, [&](const Resolved& one) { return one.loras != loras; });
    const auto run = list.first(static_cast<std::size_t>(other - list.begin()));
    const bool is_loaded = loras.empty() || (varied_ && varied_->loras == loras);
    // A model that is not loaded yet has the steps of the base, and remembers nothing.
    const auto planned =
        is_loaded ? plan_batches(session_with(loras), run) : plan_batches(Session(variants->base()), run);
    batches.insert(batches.end(), planned.begin(), planned.end());
    list = list.subspan(run.size());
  }
  return batches;
}

}  // namespace latentdial
