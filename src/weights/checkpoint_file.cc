#include "weights/checkpoint_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "files/mapped_file.h"
#include "latentdial/error.h"
#include "text/words.h"
#include "weights/safetensors.h"
#include "weights/torch_file.h"
#include "weights/weights.h"

namespace latentdial::detail {
namespace {

bool is_safetensors(std::string_view start, const std::filesystem::path& path) {
  const bool claims = path.extension() == ".safetensors";
  return claims ||
         (start.size() > 8 && start[8] == '{' && start.substr(4, 4) == std::string_view("\0\0\0\0", 4));
}

// The pickles PyTorch wrote before 1.6: protocol byte, version, then a number of 10 bytes.
bool is_old_torch(std::string_view start) {
  return start.starts_with("\x80\x02\x8a\x0a");
}

bool is_text(std::string_view start) {
  return std::ranges::all_of(start, [](char c) {
    return static_cast<unsigned char>(c) >= ' ' || c == '\n' || c == '\r' || c == '\t';
  });
}

std::string_view what_it_seems(std::string_view start) {
  if (start.starts_with("version https://git-lfs"))
    return "a git-lfs pointer, not the model: fetch it with `git lfs pull`";
  if (is_old_torch(start)) {
    return "an old non-zip PyTorch file: re-save it with torch.save(torch.load(path), path) in PyTorch 1.6 "
           "or later";
  }
  if (start.starts_with("GGUF"))
    return "a GGUF file; a .safetensors, a .ckpt or a diffusers folder is needed";
  if (is_text(start)) return "a text file; a .safetensors, a .ckpt or a diffusers folder is needed";
  return "neither safetensors nor a PyTorch zip file; a .safetensors, a .ckpt or a diffusers folder is "
         "needed";
}

}  // namespace

CheckpointFile read_checkpoint_file(const std::filesystem::path& path) {
  const auto file = MappedFile::open(path);
  const std::string_view start{reinterpret_cast<const char*>(file->bytes().data()),
                               std::min<std::size_t>(file->bytes().size(), 256)};
  if (start.starts_with("PK\x03\x04")) return {true, read_torch_file(file), {}};
  const bool known_otherwise = start.starts_with("version https://git-lfs") || is_old_torch(start);
  if (!known_otherwise && is_safetensors(start, path)) {
    Safetensors read = read_safetensors(file);
    return {false, std::move(read.tensors), std::move(read.metadata)};
  }
  throw invalid_input(fmt::format("{}: is {}", path.string(), what_it_seems(start)));
}

Tensor read_finite(const std::string& file, const std::string& key, const StoredTensor& stored,
                   const char* kind) {
  const Weights one(kind, file, {{key, open_tensor(file, key, stored)}});
  Tensor values = one.load(key, stored.shape);
  for (const float value : std::as_const(values).values()) {
    if (!std::isfinite(value))
      throw invalid_input(fmt::format("{}: {} holds {}, which is no {}", file, printable(key), value, kind));
  }
  return values;
}

}  // namespace latentdial::detail
