#include "pipeline/learnt_embeddings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <utility>

#include "latentdial/error.h"
#include "weights/textual_inversion.h"

namespace latentdial {
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

Tensor rows_of(const std::vector<LearntEmbedding>& embeddings, std::int64_t width) {
  std::int64_t rows = 0;
  for (const auto& embedding : embeddings) rows += embedding.vectors.dim(0);
  Tensor table = Tensor::empty({rows, width});
  std::byte* next = table.raw();
  for (const auto& embedding : embeddings) {
    std::memcpy(next, embedding.vectors.raw(), embedding.vectors.bytes());
    next += embedding.vectors.bytes();
  }
  return table;
}

}  // namespace

LearntEmbeddings load_embeddings(const std::vector<std::string>& files, const Tokenizer& tokenizer,
                                 const models::TextConfig& config) {
  LearntEmbeddings learnt;
  std::vector<LearntEmbedding> embeddings;
  std::vector<std::vector<std::int32_t>> names;
  auto next = static_cast<std::int32_t>(config.vocab_size);
  for (const std::string& file : files) {
    const auto& embedding = embeddings.emplace_back(read(file, config.hidden_size));
    const auto tokens = tokenizer.tokenize(embedding.word);
    if (tokens.empty() || std::find(names.begin(), names.end(), tokens) != names.end())
      throw invalid_input(fmt::format("--embedding: \"{}\" is {}; name another, as in --embedding WORD=FILE",
                                      embedding.word,
                                      tokens.empty() ? "no word" : "the word of two embeddings"));
    names.push_back(tokens);
    const auto vectors = static_cast<std::int32_t>(embedding.vectors.dim(0));
    learnt.words.add(tokens, next, vectors);
    learnt.list.push_back({embedding.word, vectors, static_cast<int>(config.hidden_size)});
    next += vectors;
  }
  if (!embeddings.empty()) learnt.vectors = rows_of(embeddings, config.hidden_size);
  return learnt;
}

void add_embeddings(ModelInfo& info, const LearntEmbeddings& learnt) {
  info.embeddings = learnt.list;
  for (const LearntWord& word : learnt.list) info.name += "+" + word.word;
}

}  // namespace latentdial
