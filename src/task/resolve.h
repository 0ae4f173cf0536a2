#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/lora_folder.h"
#include "model/model.h"
#include "task/opened_files.h"
#include "task/second_pass.h"
#include "task/task.h"

namespace latentdial::detail {

/// A request that a model can make.
struct Resolved {
  Request request;  ///< With every default filled in, and what it names as given or as the files hold it.
  Task task;        ///< Its position held within its dial's range.
  std::optional<SecondPass> second_pass = {};
  std::vector<LoraUse> loras = {};        ///< That it adds to the model.
  std::vector<std::string> notices = {};  ///< Lines for the user, of what is not made just as asked.
};

/// Fills in the model's defaults, opens what the settings name, and checks all of it: what comes out can be
/// made. Throws invalid_input naming the setting.
[[nodiscard]] Resolved resolve(const Request& request, const Model& model, OpenedFiles& files);
/// The same for a model that `info` tells more of: one with LoRAs, which is not loaded yet. `style` is the
/// LoRA that the dial turns, where it turns one.
[[nodiscard]] Resolved resolve(const Request& request, const Model& model, const ModelInfo& info,
                               OpenedFiles& files, const std::optional<LoraUse>& style = {});

}  // namespace latentdial::detail
