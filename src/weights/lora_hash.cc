#include "weights/lora_hash.h"

#include <cstdint>

#include "files/mapped_file.h"
#include "files/sha256.h"
#include "weights/checkpoint_file.h"

namespace latentdial::detail {
namespace {

constexpr std::size_t kDigits = 12;

/// Where the tensors of a safetensors file begin: behind eight bytes of the header's length, and it.
std::size_t end_of_header(std::span<const std::byte> bytes) {
  constexpr std::size_t kLength = 8;
  std::uint64_t length = 0;
  for (std::size_t i = kLength; i-- > 0;) length = length << 8 | std::to_integer<std::uint64_t>(bytes[i]);
  return kLength + static_cast<std::size_t>(length);
}

}  // namespace

std::string lora_hash(const std::filesystem::path& path) {
  const CheckpointFile file = read_checkpoint_file(path);
  const auto written = file.metadata.find("sshs_model_hash");
  if (written != file.metadata.end()) return written->second.substr(0, kDigits);
  const auto mapped = MappedFile::open(path);
  const auto bytes = mapped->bytes();
  const bool has_header = file.format == FileFormat::safetensors;  // Whose length was checked.
  return sha256(has_header ? bytes.subspan(end_of_header(bytes)) : bytes).substr(0, kDigits);
}

}  // namespace latentdial::detail
