#include "weights/textual_inversion.h"

#include <fmt/format.h>

#include "latentdial/error.h"
#include "text/words.h"
#include "weights/checkpoint_file.h"

namespace latentdial::detail {
namespace {

constexpr std::int64_t kMostVectors = 256;

constexpr std::string_view kFirstOfTwo = "clip_l", kSecondOfTwo = "clip_g";

bool is_sdxls(const StoredTensors& tensors) {
  return tensors.contains(std::string(kFirstOfTwo)) || tensors.contains(std::string(kSecondOfTwo));
}

/// The key of the tensor that is an embedding for this encoder.
std::string find_key(const std::string& file, const StoredTensors& tensors, const WordsEncoder& encoder) {
  if (!encoder.key.empty()) {
    if (tensors.contains(std::string(encoder.key))) return std::string(encoder.key);
    throw invalid_input(fmt::format("{}: has no {}, which an embedding for Stable Diffusion XL has{}", file,
                                    encoder.key, is_sdxls(tensors) ? "" : "; it is for version 1 or 2"));
  }
  if (tensors.contains("emb_params")) return "emb_params";
  if (is_sdxls(tensors))
    throw invalid_input(
        fmt::format("{}: is an embedding for Stable Diffusion XL; one for version 1 or 2 is needed", file));
  if (tensors.size() == 1) return tensors.begin()->first;
  throw invalid_input(fmt::format("{}: holds {} tensors where an embedding of textual inversion has one",
                                  file, tensors.empty() ? "no" : std::to_string(tensors.size())));
}

/// One tensor [N, width], or [width].
Tensor read_vectors(const std::string& file, const std::string& key, const StoredTensor& stored,
                    std::int64_t width) {
  const Shape& shape = stored.shape;
  const bool is_table = !shape.empty() && shape.size() <= 2 && shape.back() == width;
  const std::int64_t vectors = shape.size() == 2 ? shape.front() : 1;
  if (!is_table || vectors < 1 || vectors > kMostVectors)
    throw invalid_input(
        fmt::format("{}: {} has shape {} where this model's text encoder needs [N, {}], N from 1 to {}", file,
                    printable(key), to_string(shape), width, kMostVectors));
  return read_finite(file, key, stored, "embedding").reshape({vectors, width});
}

}  // namespace

LearntEmbedding read_textual_inversion(const std::filesystem::path& path,
                                       const std::vector<WordsEncoder>& encoders) {
  const std::string file = path.string();
  const CheckpointFile read = read_checkpoint_file(path);
  const auto vectors_for = [&](const WordsEncoder& encoder) {
    const std::string key = find_key(file, read.tensors, encoder);
    return read_vectors(file, key, read.tensors.at(key), encoder.width);
  };
  LearntEmbedding learnt{path.stem().string(), vectors_for(encoders.front())};
  if (encoders.size() == 1) return learnt;
  learnt.vectors_2 = vectors_for(encoders.back());
  if (learnt.vectors.dim(0) != learnt.vectors_2.dim(0))
    throw invalid_input(fmt::format("{}: has {} vectors for one text encoder and {} for the other", file,
                                    learnt.vectors.dim(0), learnt.vectors_2.dim(0)));
  return learnt;
}

std::vector<LearntEmbedding> read_bundled_words(const std::string& file, const StoredTensors& tensors,
                                                std::int64_t width) {
  std::vector<LearntEmbedding> words;
  for (auto at = tensors.lower_bound(kBundledWord);
       at != tensors.end() && at->first.starts_with(kBundledWord); ++at) {
    const std::string& key = at->first;
    const std::string rest = key.substr(kBundledWord.size());
    const auto dot = rest.find('.');
    const std::string form = dot == std::string::npos ? "" : rest.substr(dot + 1);
    const std::string word = rest.substr(0, dot);
    // The same vectors as the web UI has them, and as Stable Diffusion XL's two encoders do.
    if (form != "string_to_param.*" && form != "emb_params" && form != kFirstOfTwo) continue;
    if (!words.empty() && words.back().word == word) continue;
    LearntEmbedding& one =
        words.emplace_back(LearntEmbedding{word, read_vectors(file, key, at->second, width)});
    const auto second = tensors.find(fmt::format("{}{}.{}", kBundledWord, word, kSecondOfTwo));
    if (second == tensors.end() || second->second.shape.empty()) continue;
    one.vectors_2 = read_vectors(file, second->first, second->second, second->second.shape.back());
  }
  return words;
}

}  // namespace latentdial::detail
