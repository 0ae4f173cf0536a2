#pragma once

#include <string>
#include <vector>

#include "latentdial/pipeline.h"
#include "models/config.h"
#include "prompt/learnt_words.h"
#include "prompt/tokenizer.h"
#include "tensor/tensor.h"
#include "weights/checkpoint.h"

namespace latentdial::detail {

/// What of them one text encoder has.
struct LearntRows {
  Tensor vectors;     ///< [N, C], those of all words one after the other; undefined without any.
  LearntWords words;  ///< Their names as tokens, their rows behind the vocabulary's.
};

/// All embeddings of textual inversion that a model is loaded with.
struct LearntEmbeddings {
  std::vector<LearntRows> encoders;  ///< One for each text encoder.
  std::vector<LearntWord> list;      ///< In the order in which they were given.
};

/// Reads them, each "FILE" or "WORD=FILE", and adds those that lay in LoRA files; `tokenizers` are the text
/// encoders'. Throws invalid_input naming the file, or a word that two of them have, that has no tokens, or
/// that is not learnt for all text encoders.
[[nodiscard]] LearntEmbeddings load_embeddings(const std::vector<std::string>& files,
                                               const Checkpoint& checkpoint,
                                               const std::vector<Tokenizer>& tokenizers);

/// Tells of them in a model's description; its name says them too, since the same prompt is another picture.
void add_embeddings(ModelInfo& info, const LearntEmbeddings& learnt);

}  // namespace latentdial::detail
