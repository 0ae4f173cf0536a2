#include "model/learnt_embeddings.h"

#include <algorithm>
#include <filesystem>

#include "text/require.h"
#include "weights/textual_inversion.h"

namespace latentdial::detail {
namespace {

/// "WORD=FILE", or a file whose name is the word; a file whose own name holds "=" is taken whole.
LearntEmbedding read(const std::string& text, std::int64_t width) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || std::filesystem::exists(text))
    return read_textual_inversion(text, width);
  LearntEmbedding embedding = read_textual_inversion(text.substr(equals + 1), width);
  embedding.word = text.substr(0, equals);
  return embedding;
}

}  // namespace

LearntEmbeddings load_embeddings(const std::vector<std::string>& files, const std::vector<AppliedLora>& loras,
                                 const Tokenizer& tokenizer, const models::TextConfig& config) {
  std::vector<LearntEmbedding> embeddings;
  for (const std::string& file : files) embeddings.push_back(read(file, config.hidden_size));
  for (const AppliedLora& lora : loras)
    embeddings.insert(embeddings.end(), lora.words.begin(), lora.words.end());
  LearntEmbeddings learnt;
  std::vector<Tensor> vectors;
  std::vector<std::vector<std::int32_t>> names;
  auto next = static_cast<std::int32_t>(config.vocab_size);
  for (const LearntEmbedding& embedding : embeddings) {
    const auto tokens = tokenizer.tokenize(embedding.word);
    require(!tokens.empty() && std::ranges::find(names, tokens) == names.end(), "embedding",
            "\"{}\" is {}; name another, as in WORD=FILE", embedding.word,
            tokens.empty() ? "not a word" : "the word of two embeddings");
    names.push_back(tokens);
    const auto count = static_cast<std::int32_t>(embedding.vectors.dim(0));
    learnt.words.add(tokens, next, count);
    learnt.list.push_back({embedding.word, count, static_cast<int>(config.hidden_size)});
    vectors.push_back(embedding.vectors);
    next += count;
  }
  if (!vectors.empty()) learnt.vectors = concat_rows(vectors);
  return learnt;
}

void add_embeddings(ModelInfo& info, const LearntEmbeddings& learnt) {
  info.embeddings = learnt.list;
  for (const LearntWord& word : learnt.list) info.name += "+" + word.word;
}

}  // namespace latentdial::detail
