#include "model/model_variants.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>

#include "latentdial/error.h"
#include "latentdial/messages.h"
#include "model/memory_limit.h"
#include "model/model_info.h"
#include "model/open_model.h"
#include "text/require.h"
#include "weights/lora.h"

namespace latentdial::detail {
namespace {

constexpr std::size_t kMostInfos = 8;

/// A server's clients need not know where files lie.
std::string without_paths(std::string message, const std::filesystem::path& lora,
                          const std::filesystem::path& model) {
  replace_all(message, lora.string(), lora.filename().string());
  replace_all(message, model.string(), model.filename().string());
  return message;
}

/// The model's files, read again, with the LoRAs.
Checkpoint open_with(const Model& base, const std::vector<LoraUse>& loras) {
  Checkpoint checkpoint = open_model(base.loaded_by);
  require(fingerprint_of(checkpoint, base.tokenizers) == base.info.fingerprint, "model",
          "{}: its files have changed since it was loaded; load it anew", base.info.name);
  for (const LoraUse& lora : loras) {
    try {
      checkpoint.loras.push_back(apply_lora(checkpoint, lora.path, lora.scale));
    } catch (const Error& error) {
      throw Error(error.code(), lora.field, without_paths(error.message(), lora.path, checkpoint.path));
    }
  }
  require_memory_beside(checkpoint, denoiser_options(base.loaded_by));
  return checkpoint;
}

}  // namespace

ModelVariants::ModelVariants(std::shared_ptr<const Model> base)
    : base_(std::move(base)), folder_(base_->loaded_by.lora_dir) {}

std::shared_ptr<const Model> ModelVariants::with(const std::vector<LoraUse>& loras) {
  if (loras.empty()) return base_;
  const std::scoped_lock lock(mutex_);
  if (last_ && last_->loras == loras) return last_->value;
  std::erase_if(used_, [](const auto& made) { return made.value.expired(); });
  for (const auto& made : used_)
    if (auto model = made.value.lock(); model && made.loras == loras) return model;
  last_.reset();  // Its memory is free before another takes as much, unless a session still has it.
  auto model = std::make_shared<const Model>(base_->loaded_by, take_opened(loras), base_.get());
  used_.push_back({loras, model});
  last_ = {loras, model};
  return model;
}

ModelInfo ModelVariants::info_with(const std::vector<LoraUse>& loras) {
  if (loras.empty()) return base_->info;
  const std::scoped_lock lock(info_mutex_);
  const auto known = std::ranges::find(infos_, loras, &Made<ModelInfo>::loras);
  if (known != infos_.end()) return known->value;
  opened_.reset();
  opened_ = {loras, open_with(*base_, loras)};
  infos_.push_front({loras, describe_variant(opened_->value, *base_)});
  if (infos_.size() > kMostInfos) infos_.pop_back();
  return infos_.front().value;
}

Checkpoint ModelVariants::take_opened(const std::vector<LoraUse>& loras) {
  const std::scoped_lock lock(info_mutex_);
  if (!opened_ || opened_->loras != loras) return open_with(*base_, loras);
  return std::move(std::exchange(opened_, std::nullopt)->value);
}

}  // namespace latentdial::detail
