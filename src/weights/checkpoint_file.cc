#include "weights/checkpoint_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "files/mapped_file.h"
#include "latentdial/error.h"
#include "text/words.h"
#include "weights/gguf.h"
#include "weights/old_torch_file.h"
#include "weights/safetensors.h"
#include "weights/torch_file.h"
#include "weights/widen.h"

namespace latentdial::detail {
namespace {

bool is_safetensors(std::string_view start, const std::filesystem::path& path) {
  const bool claims = path.extension() == ".safetensors";
  return claims ||
         (start.size() > 8 && start[8] == '{' && start.substr(4, 4) == std::string_view("\0\0\0\0", 4));
}

struct Sign {
  std::string_view start;
  std::string_view meaning;
};

constexpr std::string_view kNeeded = "a .safetensors, a .ckpt, a .gguf or a diffusers folder is needed";
constexpr Sign kOtherFiles[] = {
    {"version https://git-lfs", "a git-lfs pointer, not the model: fetch it with `git lfs pull`"},
    {"\x1f\x8b", "a gzip file: unpack it"},
    {"7z\xbc\xaf\x27\x1c", "a 7z file: unpack it"},
    {"Rar!", "a rar file: unpack it"},
    {"\x89HDF", "an HDF5 file, as Keras writes it"},
    {"\x89PNG", "a picture"},
    {"\xff\xd8\xff", "a picture"},
};
constexpr std::string_view kPages[] = {"<!doctype html", "<html", "<?xml", "<head", "<body"};

bool is_text(std::string_view start) {
  return std::ranges::all_of(start, [](char c) {
    return static_cast<unsigned char>(c) >= ' ' || c == '\n' || c == '\r' || c == '\t';
  });
}

// What a file is that is not a model; "" where nothing tells.
std::string_view other_file(std::string_view start) {
  for (const auto& sign : kOtherFiles)
    if (start.starts_with(sign.start)) return sign.meaning;
  const std::string words = lower(trimmed(start));
  if (std::ranges::any_of(kPages, [&](auto page) { return words.starts_with(page); }))
    return "a web page, not the model: what was fetched was perhaps a login or an error";
  if (is_text(start)) return "a text file";
  const bool zeros = start.size() > 64 && std::ranges::all_of(start, [](char c) { return c == '\0'; });
  return zeros ? "zeros: a download that was not finished" : "";
}

}  // namespace

CheckpointFile read_checkpoint_file(const std::filesystem::path& path) {
  const auto file = MappedFile::open(path);
  const std::string_view start{reinterpret_cast<const char*>(file->bytes().data()),
                               std::min<std::size_t>(file->bytes().size(), 256)};
  if (start.starts_with("PK\x03\x04")) return read_torch_file(file);
  if (is_old_torch_file(start)) return read_old_torch_file(file);
  if (start.starts_with("GGUF")) return read_gguf_file(file);
  const auto other = other_file(start);
  if (other.empty() && is_safetensors(start, path)) {
    Safetensors read = read_safetensors(file);
    return {FileFormat::safetensors, std::move(read.tensors), std::move(read.metadata)};
  }
  throw invalid_input(fmt::format("{}: is {}; {}", path.string(),
                                  other.empty() ? "neither safetensors, GGUF nor a file of PyTorch" : other,
                                  kNeeded));
}

Tensor read_finite(const std::string& file, const std::string& key, const StoredTensor& stored,
                   const char* kind) {
  const Tensor values = as_f32(open_tensor(file, key, stored));
  for (const float value : values.values()) {
    if (!std::isfinite(value))
      throw invalid_input(fmt::format("{}: {} holds {}, which is no {}", file, printable(key), value, kind));
  }
  return values;
}

}  // namespace latentdial::detail
