#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/tensor.h"
#include "weights/stored_tensor.h"

namespace latentdial::detail {

/// A word learnt by textual inversion (Gal et al. 2022, arXiv 2208.01618).
struct LearntEmbedding {
  std::string word;  ///< What stands for it in a prompt: the stem of its file.
  Tensor vectors;    ///< [N, C], f32: N of the text encoder's token embeddings.
  /// [N, C₂]: as many of the second text encoder's, of a model that has two; else perhaps undefined.
  Tensor vectors_2 = {};
};

/// A text encoder that words are learnt for.
struct WordsEncoder {
  std::string_view key;  ///< Of its vectors in a file: "clip_l" or "clip_g" of Stable Diffusion XL's; "" of
                         ///< others, whose files have one tensor of any name.
  std::int64_t width = 0;
};

/// Reads a file of A1111's web UI (.pt with "string_to_param", .safetensors with "emb_params"), of diffusers
/// (one tensor, .bin or .safetensors), or of Stable Diffusion XL ("clip_l" and "clip_g"), for a model with
/// these one or two text encoders. Nothing in it is executed. Throws invalid_input naming the file and what
/// is wrong: no embedding, several, one for another family or of another width, numbers that are not finite.
[[nodiscard]] LearntEmbedding read_textual_inversion(const std::filesystem::path& path,
                                                     const std::vector<WordsEncoder>& encoders);

/// OneTrainer lays the words that it learnt beside the layers of a LoRA: "bundle_emb.WORD.string_to_param.*".
inline constexpr std::string_view kBundledWord = "bundle_emb.";

/// The words that a LoRA file holds, `width` the first text encoder's. `file` is for messages. Throws as
/// read_textual_inversion.
[[nodiscard]] std::vector<LearntEmbedding> read_bundled_words(const std::string& file,
                                                              const StoredTensors& tensors,
                                                              std::int64_t width);

}  // namespace latentdial::detail
