#include "model/model_variants.h"

#include <filesystem>
#include <string>
#include <utility>

#include "latentdial/error.h"
#include "model/model_info.h"
#include "model/open_model.h"
#include "text/require.h"
#include "weights/lora.h"

namespace latentdial::detail {
namespace {

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); !from.empty() && at != std::string::npos;
       at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

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
      throw Error(error.code(), "prompt", without_paths(error.message(), lora.path, checkpoint.path));
    }
  }
  return checkpoint;
}

}  // namespace

ModelVariants::ModelVariants(std::shared_ptr<const Model> base) : base_(std::move(base)) {}

std::shared_ptr<const Model> ModelVariants::with(const std::vector<LoraUse>& loras) {
  if (loras.empty()) return base_;
  const std::scoped_lock lock(mutex_);
  if (last_ && last_->loras == loras) return last_->value;
  std::erase_if(used_, [](const auto& made) { return made.value.expired(); });
  for (const auto& made : used_)
    if (auto model = made.value.lock(); model && made.loras == loras) return model;
  last_.reset();  // Its memory is free before another takes as much, unless a session still has it.
  auto model = std::make_shared<const Model>(base_->loaded_by, open_with(*base_, loras), base_.get());
  used_.push_back({loras, model});
  last_ = {loras, model};
  return model;
}

ModelInfo ModelVariants::info_with(const std::vector<LoraUse>& loras) {
  if (loras.empty()) return base_->info;
  const std::scoped_lock lock(info_mutex_);
  if (!last_info_ || last_info_->loras != loras)
    last_info_ = {loras, describe_variant(open_with(*base_, loras), *base_)};
  return last_info_->value;
}

}  // namespace latentdial::detail
