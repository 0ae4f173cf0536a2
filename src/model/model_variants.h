#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "model/lora_folder.h"
#include "model/model.h"

namespace latentdial::detail {

/// A model, and the same with LoRAs that pictures add. Such a one is loaded when it is first needed: the
/// layers that the LoRAs change are read from the model's files once more, merged and packed; all others are
/// the model's own. It takes the memory of what was changed, and computes as fast as the model, the same as
/// if it had been loaded with these LoRAs. Thread-safe.
class ModelVariants {
 public:
  explicit ModelVariants(std::shared_ptr<const Model> base);

  [[nodiscard]] const std::shared_ptr<const Model>& base() const { return base_; }
  /// Those that pictures may name.
  [[nodiscard]] LoraFolder& folder() { return folder_; }
  /// The model with these LoRAs, in their order; the last one is kept. Throws invalid_input for files that
  /// cannot be read or do not fit, and when the model's own have changed since it was loaded.
  [[nodiscard]] std::shared_ptr<const Model> with(const std::vector<LoraUse>& loras);
  /// What is known of that model, without loading it. The files that were opened for it are kept for `with`.
  [[nodiscard]] ModelInfo info_with(const std::vector<LoraUse>& loras);

 private:
  template <class Value>
  struct Made {
    std::vector<LoraUse> loras;
    Value value;
  };

  [[nodiscard]] Checkpoint take_opened(const std::vector<LoraUse>& loras);

  std::shared_ptr<const Model> base_;
  LoraFolder folder_;
  std::mutex mutex_, info_mutex_;
  std::optional<Made<std::shared_ptr<const Model>>> last_;
  std::vector<Made<std::weak_ptr<const Model>>> used_;  ///< By sessions, perhaps still.
  std::deque<Made<ModelInfo>> infos_;                   ///< The latest first.
  std::optional<Made<Checkpoint>> opened_;              ///< Of the latest of them, until it is loaded.
};

}  // namespace latentdial::detail
