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
};

/// Reads a file of A1111's web UI (.pt with "string_to_param", .safetensors with "emb_params") or of
/// diffusers (one tensor, .bin or .safetensors). Nothing in it is executed. Throws invalid_input naming the
/// file and what is wrong: no embedding, several, one of another width than `width`, numbers that are not
/// finite.
[[nodiscard]] LearntEmbedding read_textual_inversion(const std::filesystem::path& path, std::int64_t width);

/// OneTrainer lays the words that it learnt beside the layers of a LoRA: "bundle_emb.WORD.string_to_param.*".
inline constexpr std::string_view kBundledWord = "bundle_emb.";

/// The words that a LoRA file holds. `file` is for messages. Throws as read_textual_inversion.
[[nodiscard]] std::vector<LearntEmbedding> read_bundled_words(const std::string& file,
                                                              const StoredTensors& tensors,
                                                              std::int64_t width);

}  // namespace latentdial::detail
