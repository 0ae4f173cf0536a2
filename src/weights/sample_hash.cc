#include "weights/sample_hash.h"

#include <fmt/format.h>

#include "files/mapped_file.h"
#include "tensor/hash.h"

namespace latentdial::detail {
namespace {

constexpr std::size_t kBlocks = 8;
constexpr std::size_t kBlockBytes = 128;

std::uint64_t hash_values(std::uint64_t hash, std::span<const std::byte> values) {
  if (values.size() <= kBlocks * kBlockBytes) return hash_bytes(hash, values);
  for (std::size_t i = 0; i < kBlocks; ++i) {
    const std::size_t begin = i * (values.size() - kBlockBytes) / (kBlocks - 1);
    hash = hash_bytes(hash, values.subspan(begin, kBlockBytes));
  }
  return hash;
}

}  // namespace

std::uint64_t hash_samples(std::uint64_t hash, const Weights& weights) {
  for (const std::string& key : weights.names()) {
    const Tensor& tensor = weights.stored(key);
    hash = hash_text(hash, fmt::format("{} {} {}\n", key, name(tensor.dtype()), tensor.bytes()));
    hash = hash_values(hash, {tensor.raw(), tensor.bytes()});
    release_mapped_pages(tensor.raw(), tensor.bytes());
  }
  return hash;
}

}  // namespace latentdial::detail
