#include "model/fingerprint.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cstdint>
#include <span>

#include "tensor/hash.h"
#include "weights/sample_hash.h"
#include "weights/tiny_decoder_files.h"

namespace latentdial::detail {
namespace {

constexpr std::size_t kDigitsInPictures = 10;  // As A1111 writes them.

std::string digits(std::uint64_t hash) {
  return fmt::format("{:016x}", hash);
}

}  // namespace

std::string fingerprint_of(const Checkpoint& checkpoint, const Tokenizer& tokenizer) {
  std::uint64_t hash = hash_text(kHashStart, digits(tokenizer.hash()));
  for (const AppliedLora& lora : checkpoint.loras) {
    const std::array numbers{lora.hash, std::bit_cast<std::uint64_t>(lora.scale)};
    hash = hash_bytes(hash, std::as_bytes(std::span(numbers)));
  }
  for (const auto* component : {&checkpoint.text_encoder, &checkpoint.unet, &checkpoint.vae})
    hash = hash_samples(hash, component->weights);
  return digits(hash);
}

std::string model_hash(const std::string& fingerprint, const LearntEmbeddings& learnt,
                       const std::string& taesd) {
  std::string all = fingerprint;
  if (!learnt.list.empty() || !taesd.empty()) {
    std::uint64_t hash = hash_text(kHashStart, fingerprint);
    for (const LearntWord& word : learnt.list)
      hash = hash_text(hash, fmt::format("{} {}\n", word.word, word.vectors));
    if (learnt.vectors.defined()) hash = hash_bytes(hash, {learnt.vectors.raw(), learnt.vectors.bytes()});
    if (!taesd.empty()) hash = hash_samples(hash, open_tiny_decoder(taesd).weights);
    all = digits(hash);
  }
  return all.substr(0, kDigitsInPictures);
}

}  // namespace latentdial::detail
