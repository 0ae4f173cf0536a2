#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "prompt/tokenizer_files.h"

namespace latentdial::detail {

/// The JSON files of a tokenizer folder beside the vocabulary; null where a file is missing.
struct SpecialTokenFiles {
  const nlohmann::json& config;          ///< tokenizer_config.json
  const nlohmann::json& special_tokens;  ///< special_tokens_map.json
  const nlohmann::json& added_tokens;    ///< added_tokens.json
  const nlohmann::json& tokenizer;       ///< tokenizer.json
};

/// What an object has under `key`; null where it has nothing, or is none.
[[nodiscard]] const nlohmann::json& member(const nlohmann::json& object, const std::string& key);

/// Fills in start, end, unknown, pad and added, with transformers 5's order of precedence: the config's
/// added_tokens_decoder rules alone; else special_tokens_map over the config, with the tokens of
/// added_tokens.json and tokenizer.json. Throws invalid_input.
void read_special_tokens(const SpecialTokenFiles& files, TokenizerParts& parts);

}  // namespace latentdial::detail
