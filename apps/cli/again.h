#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "latentdial/pipeline.h"
#include "latentdial/settings.h"
#include "output.h"

namespace latentdial::cli {

/// The settings that a picture holds. Throws invalid_input when it holds none.
[[nodiscard]] Settings settings_in(const std::string& picture);

/// That the user names every file which the picture was made from: its text alone opens none. Throws
/// invalid_input naming those whose setting is not `is_given`; a file that is not the one of then, by its
/// hash, is a notice.
void check_inputs(const std::string& picture, const Settings& settings,
                  const std::function<bool(std::string_view name)>& is_given, const OutputOptions& output);

/// What of a picture's text is not taken over and changes nothing, as lines for the user. Throws
/// invalid_input where the picture was made with what this program has not (a second pass, another clip skip,
/// a LoRA of another program), or from a picture that is neither known nor given: it would be another.
[[nodiscard]] std::vector<std::string> check_text(const std::string& picture,
                                                  const std::function<bool(std::string_view name)>& is_given);

/// The prompt of a picture, whose LoRAs are sought in a folder by their hashes; what is other there is a
/// notice.
[[nodiscard]] std::string prompt_in(const std::string& picture, const std::string& lora_dir,
                                    const OutputOptions& output);

/// The line for the user where the model that is loaded is, or may be, another than made the picture; "": it
/// is the same. Throws invalid_input where it is another and no option of the command says which is meant.
[[nodiscard]] std::string check_model(const std::string& picture, const ModelInfo& model,
                                      const std::function<bool(std::string_view name)>& is_given);

}  // namespace latentdial::cli
