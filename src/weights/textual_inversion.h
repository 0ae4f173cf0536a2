#pragma once

#include <filesystem>
#include <string>

#include "tensor/tensor.h"

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

}  // namespace latentdial::detail
