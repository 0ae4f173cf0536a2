#include "prompt/tokenizer_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "files/json_file.h"
#include "files/read_file.h"
#include "latentdial/error.h"
#include "prompt/special_tokens.h"
#include "text/utf8.h"

namespace latentdial::detail {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr std::size_t kMaxFileBytes = 16U << 20;
constexpr std::size_t kMaxTokens = 1U << 18;  // CLIP has 49,408.
constexpr JsonLimits kVocabularyLimits = {.spare = 64U << 20, .names = kMaxTokens};
constexpr std::int64_t kMaxId = 1 << 24;
constexpr std::int64_t kMaxTokensPerPrompt = 65'536;

std::string read_text(const fs::path& path) {
  std::error_code fault;
  std::string text = read_file(path, kMaxFileBytes, fault);
  if (!fault) return text;
  throw invalid_input(fault == std::errc::file_too_large
                          ? fmt::format("{}: {} bytes are too many for a tokenizer file", path.string(),
                                        fs::file_size(path, fault))
                          : fmt::format("{}: cannot be read", path.string()));
}

json read_json(const fs::path& path) {
  return read_json_object(path, kMaxFileBytes, kVocabularyLimits);
}

json read_json_if_there(const fs::path& path) {
  return fs::is_regular_file(path) ? read_json(path) : json();
}

Vocabulary read_vocabulary(const json& tokens, const std::string& source) {
  Vocabulary vocabulary;
  for (const auto& [token, id] : tokens.items()) {
    if (!id.is_number_integer() || id.get<std::int64_t>() < 0 || id.get<std::int64_t>() >= kMaxId) {
      throw invalid_input(fmt::format("{}: the id of {:?} is not a whole number from 0 to {}", source,
                                      token.substr(0, 60), kMaxId - 1));
    }
    vocabulary.emplace(token, id.get<std::int32_t>());
  }
  if (vocabulary.empty()) {
    throw invalid_input(fmt::format("{}: no tokens in it, expected an object of token: id", source));
  }
  return vocabulary;
}

std::pair<std::string, std::string> read_merge(const std::string& line, const std::string& source,
                                               std::size_t row) {
  const std::size_t space = line.find(' ');
  if (space == std::string::npos || space == 0 || space + 1 == line.size() ||
      line.find(' ', space + 1) != std::string::npos) {
    throw invalid_input(fmt::format("{}: line {} is {:?}, expected two tokens with one space between", source,
                                    row, line.substr(0, 60)));
  }
  return {line.substr(0, space), line.substr(space + 1)};
}

void add_merge(Merges& merges, std::pair<std::string, std::string> merge, const std::string& source) {
  if (merges.size() == kMaxTokens) {
    throw invalid_input(fmt::format("{}: more than {} merges", source, kMaxTokens));
  }
  merges.push_back(std::move(merge));
}

Merges read_merges(const fs::path& path) {
  Merges merges;
  std::istringstream lines(read_text(path));
  std::string line;
  for (std::size_t row = 1; std::getline(lines, line); ++row) {
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty() && !line.starts_with("#version")) {
      add_merge(merges, read_merge(line, path.string(), row), path.string());
    }
  }
  return merges;
}

Merges read_json_merges(const json& list, const std::string& source) {
  Merges merges;
  for (const json& merge : list) {
    if (merge.is_string()) {
      add_merge(merges, read_merge(merge.get<std::string>(), source, merges.size() + 1), source);
    } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
      add_merge(merges, {merge[0].get<std::string>(), merge[1].get<std::string>()}, source);
    } else {
      throw invalid_input(fmt::format("{}: merge {} is not a pair of tokens", source, merges.size() + 1));
    }
  }
  return merges;
}

void read_vocabulary_and_merges(const fs::path& dir, const json& tokenizer, TokenizerParts& parts) {
  if (tokenizer.is_object()) {
    parts.source = (dir / "tokenizer.json").string();
    const json &model = member(tokenizer, "model"), &vocabulary = member(model, "vocab"),
               &merges = member(model, "merges");
    if (!vocabulary.is_object() || !merges.is_array()) {
      throw invalid_input(
          fmt::format("{}: no \"model\" with \"vocab\" and \"merges\", expected a BPE", parts.source));
    }
    parts.vocabulary = read_vocabulary(vocabulary, parts.source);
    parts.merges = read_json_merges(merges, parts.source);
    return;
  }
  for (const char* name : {"vocab.json", "merges.txt"}) {
    if (!fs::is_regular_file(dir / name)) {
      throw invalid_input(fmt::format("{}: no such file; a tokenizer folder has vocab.json and merges.txt",
                                      (dir / name).string()));
    }
  }
  parts.source = (dir / "merges.txt").string();
  parts.vocabulary = read_vocabulary(read_json(dir / "vocab.json"), (dir / "vocab.json").string());
  parts.merges = read_merges(dir / "merges.txt");
}

}  // namespace

void add_token(TokenizerParts& parts, const std::string& content, AddedToken token) {
  if (content.empty()) return;
  std::int64_t next = static_cast<std::int64_t>(parts.vocabulary.size());
  for (const AddedToken& earlier : parts.added) next = std::max<std::int64_t>(next, earlier.id + 1);
  token.content = decode_utf8(content);
  token.id = parts.vocabulary.emplace(content, static_cast<std::int32_t>(next)).first->second;
  std::erase_if(parts.added, [&](const AddedToken& earlier) { return earlier.content == token.content; });
  parts.added.push_back(std::move(token));
}

TokenizerParts read_tokenizer_folder(const fs::path& dir) {
  if (!fs::is_directory(dir)) {
    throw invalid_input(fmt::format("{}: no such folder, expected a model's tokenizer folder", dir.string()));
  }
  TokenizerParts parts;
  const json config = read_json_if_there(dir / "tokenizer_config.json");
  const json special_tokens = read_json_if_there(dir / "special_tokens_map.json");
  const json added_tokens = read_json_if_there(dir / "added_tokens.json");
  const json tokenizer = read_json_if_there(dir / "tokenizer.json");
  read_vocabulary_and_merges(dir, tokenizer, parts);
  read_special_tokens({config, special_tokens, added_tokens, tokenizer}, parts);
  // transformers writes 1e30 for "no limit".
  if (config.is_object() && config.contains("model_max_length") && !config["model_max_length"].is_null()) {
    const json& stored = config["model_max_length"];
    const double length = stored.is_number() ? stored.get<double>() : 0;
    if (!(length >= 2.0)) {
      throw invalid_input(fmt::format("{}: \"model_max_length\" is {}, expected a number of at least 2",
                                      (dir / "tokenizer_config.json").string(), stored.dump().substr(0, 40)));
    }
    parts.max_length = length > kMaxTokensPerPrompt ? parts.max_length : static_cast<std::int64_t>(length);
  }
  return parts;
}

}  // namespace latentdial::detail
