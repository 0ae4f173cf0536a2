#include "model/learnt_embeddings.h"

#include <algorithm>
#include <filesystem>

#include "text/require.h"
#include "weights/textual_inversion.h"

namespace latentdial::detail {
namespace {

/// "WORD=FILE", or a file whose name is the word; a file whose own name holds "=" is taken whole.
LearntEmbedding read(const std::string& text, const std::vector<WordsEncoder>& encoders) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || std::filesystem::exists(text))
    return read_textual_inversion(text, encoders);
  LearntEmbedding embedding = read_textual_inversion(text.substr(equals + 1), encoders);
  embedding.word = text.substr(0, equals);
  return embedding;
}

std::vector<models::TextConfig> configs_of(const Checkpoint& checkpoint) {
  std::vector configs = {models::TextConfig::from_json(checkpoint.text_encoder.config)};
  if (checkpoint.text_encoder_2)
    configs.push_back(models::TextConfig::from_json(checkpoint.text_encoder_2->config));
  return configs;
}

/// Stable Diffusion XL's two, its refiner's one, or another's.
std::vector<WordsEncoder> encoders_of(const Checkpoint& checkpoint,
                                      const std::vector<models::TextConfig>& configs) {
  if (configs.size() == 2) return {{"clip_l", configs[0].hidden_size}, {"clip_g", configs[1].hidden_size}};
  const bool is_refiner = checkpoint.unet.config.value("requires_aesthetics_score", false);
  return {{is_refiner ? "clip_g" : "", configs.front().hidden_size}};
}

/// The words of all files, then those that lay in LoRA files.
std::vector<LearntEmbedding> read_all(const std::vector<std::string>& files, const Checkpoint& checkpoint,
                                      const std::vector<WordsEncoder>& encoders) {
  std::vector<LearntEmbedding> embeddings;
  for (const std::string& file : files) embeddings.push_back(read(file, encoders));
  for (const AppliedLora& lora : checkpoint.loras)
    embeddings.insert(embeddings.end(), lora.words.begin(), lora.words.end());
  for (const LearntEmbedding& one : embeddings) {
    const bool fits =
        encoders.size() == 1 || (one.vectors_2.defined() && one.vectors_2.dim(0) == one.vectors.dim(0) &&
                                 one.vectors_2.dim(1) == encoders.back().width);
    require(fits, "embedding", "\"{}\" is not learnt for both text encoders of {}", one.word,
            checkpoint.path.string());
  }
  return embeddings;
}

/// What one text encoder has of the words, which are the `vectors` of each.
LearntRows rows_of(const std::vector<LearntEmbedding>& embeddings, Tensor LearntEmbedding::*vectors,
                   const Tokenizer& tokenizer, const models::TextConfig& config) {
  LearntRows rows;
  std::vector<Tensor> all;
  auto next = static_cast<std::int32_t>(config.vocab_size);
  for (const LearntEmbedding& embedding : embeddings) {
    all.push_back(embedding.*vectors);
    const auto count = static_cast<std::int32_t>(all.back().dim(0));
    rows.words.add(tokenizer.tokenize(embedding.word), next, count);
    next += count;
  }
  if (!all.empty()) rows.vectors = concat_rows(all);
  return rows;
}

void check_names(const std::vector<LearntEmbedding>& embeddings, const Tokenizer& tokenizer) {
  std::vector<std::vector<std::int32_t>> names;
  for (const LearntEmbedding& embedding : embeddings) {
    const auto tokens = tokenizer.tokenize(embedding.word);
    require(!tokens.empty() && std::ranges::find(names, tokens) == names.end(), "embedding",
            "\"{}\" is {}; name another, as in WORD=FILE", embedding.word,
            tokens.empty() ? "not a word" : "the word of two embeddings");
    names.push_back(tokens);
  }
}

}  // namespace

LearntEmbeddings load_embeddings(const std::vector<std::string>& files, const Checkpoint& checkpoint,
                                 const std::vector<Tokenizer>& tokenizers) {
  const auto configs = configs_of(checkpoint);
  const auto encoders = encoders_of(checkpoint, configs);
  const auto embeddings = read_all(files, checkpoint, encoders);
  check_names(embeddings, tokenizers.front());
  LearntEmbeddings learnt;
  learnt.encoders.push_back(
      rows_of(embeddings, &LearntEmbedding::vectors, tokenizers.front(), configs.front()));
  if (configs.size() == 2)
    learnt.encoders.push_back(
        rows_of(embeddings, &LearntEmbedding::vectors_2, tokenizers.back(), configs.back()));
  std::int64_t width = 0;
  for (const WordsEncoder& encoder : encoders) width += encoder.width;
  for (const LearntEmbedding& one : embeddings)
    learnt.list.push_back({one.word, static_cast<int>(one.vectors.dim(0)), static_cast<int>(width)});
  return learnt;
}

void add_embeddings(ModelInfo& info, const LearntEmbeddings& learnt) {
  info.embeddings = learnt.list;
  for (const LearntWord& word : learnt.list) info.name += "+" + word.word;
}

}  // namespace latentdial::detail
