#include "pipeline/state.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "prompt/lora_tags.h"

namespace latentdial {

Resolved Pipeline::State::resolve(const Request& request) {
  const Settings& asked = request.settings;
  Request without = request;
  std::vector<LoraUse> loras;
  if (!asked.plain_prompt) {
    TaggedPrompt prompt = take_lora_tags(asked.prompt);
    loras = variants->folder().find(prompt.loras, "prompt");
    without.settings.prompt = std::move(prompt.text);
  }
  const auto beside = variants->folder().find(read_loras(asked.loras), "loras");
  loras.insert(loras.end(), beside.begin(), beside.end());
  const ModelInfo info = variants->info_with(loras);
  const auto style = lora_of(asked.style);
  auto all = loras;
  if (style) {
    all.push_back(*style);
    (void)variants->info_with(all);  // Which says where it cannot be read, or is of another model.
  }
  Resolved resolved = detail::resolve(without, *session.model, info, files, style);
  resolved.request.settings.prompt = asked.prompt;
  resolved.request.lora_hashes = variants->folder().hashes_of(all);
  resolved.loras = std::move(loras);
  return resolved;
}

std::optional<LoraUse> Pipeline::State::lora_of(const std::string& style) {
  const auto lora = lora_of_style(style);
  if (!lora) return std::nullopt;
  if (names_file(*lora)) return use_of_file(lora->name, lora->scale, "style");
  return variants->folder().find({*lora}, "style").front();
}

Session& Pipeline::State::session_with(const std::vector<LoraUse>& loras) {
  if (loras.empty()) return session;
  if (!varied_ || varied_->loras != loras) {
    varied_.reset();  // Its model's memory is free before another takes as much.
    varied_.reset(new Varied{loras, Session(variants, loras)});
  }
  return varied_->session;
}

void Pipeline::State::release_dialled() {
  session.release_dialled();
  if (varied_) varied_->session.release_dialled();
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
        is_loaded ? plan_batches(session_with(loras), run) : plan_batches(Session(variants), run);
    batches.insert(batches.end(), planned.begin(), planned.end());
    list = list.subspan(run.size());
  }
  return batches;
}

}  // namespace latentdial
