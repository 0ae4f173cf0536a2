#include "weights/torch_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "latentdial/error.h"
#include "text/words.h"
#include "weights/pickle.h"
#include "weights/torch_storages.h"
#include "weights/zip_archive.h"

namespace latentdial::detail {
namespace {

constexpr std::uint64_t kLargestPickle = 64u << 20;

/// The entries "archive/data/KEY" of a zip file.
class ZipStorages : public TorchStorages, public std::enable_shared_from_this<ZipStorages> {
 public:
  ZipStorages(const std::string& path, std::uint64_t most_copied, std::string root, ZipArchive archive)
      : TorchStorages(path, most_copied), root_(std::move(root)), archive_(std::move(archive)) {}

  [[nodiscard]] std::optional<std::uint64_t> bytes(const std::string& key) const override {
    const auto entry = archive_.entries().find(name_of(key));
    if (entry == archive_.entries().end()) return std::nullopt;
    if (entry->second.stored) (void)archive_.stored_bytes(entry->first);  // Which checks its place.
    return entry->second.size;
  }

  [[nodiscard]] std::string place(const std::string& key) const override {
    return fmt::format("zip entry {}", printable(name_of(key)));
  }

  [[nodiscard]] Tensor open(const std::string& key, DType dtype, std::int64_t count) override {
    const std::string name = name_of(key);
    const auto& entry = archive_.entries().at(name);
    if (entry.stored)
      return Tensor::view({count}, dtype, archive_.stored_bytes(name).data(), shared_from_this());
    auto& unpacked = unpacked_[name];
    if (unpacked == nullptr) {
      allow_copy(entry.size);
      unpacked = std::make_shared<const std::vector<std::byte>>(archive_.unpack(name));
    }
    return Tensor::view({count}, dtype, unpacked->data(), unpacked);
  }

 private:
  [[nodiscard]] std::string name_of(const std::string& key) const { return root_ + "data/" + key; }

  std::string root_;  // "archive/": what stands before "data.pkl".
  ZipArchive archive_;
  std::map<std::string, std::shared_ptr<const std::vector<std::byte>>> unpacked_;
};

// "archive/data.pkl" → "archive/".
std::string find_root(const std::string& path, const ZipArchive& archive) {
  constexpr std::string_view kPickle = "data.pkl";
  for (const auto& [name, entry] : archive.entries()) {
    const auto slash = name.find('/');
    const auto start = slash == std::string::npos ? 0 : slash + 1;
    if (name.substr(start) == kPickle) return name.substr(0, start);
  }
  throw invalid_input(fmt::format(
      "{}: is a zip file without data.pkl, so not from torch.save; a .safetensors, a .ckpt, a .gguf or a "
      "diffusers folder is needed",
      path));
}

std::string read_text(const ZipArchive& archive, const std::string& path, const std::string& name,
                      std::uint64_t most) {
  const auto& entry = archive.entries().at(name);
  if (entry.size > most)
    throw invalid_input(fmt::format("{}: its entry {} is absurdly large", path, printable(name)));
  const auto text = [](auto bytes) {
    return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  return entry.stored ? text(archive.stored_bytes(name)) : text(archive.unpack(name));
}

}  // namespace

CheckpointFile read_torch_file(const std::shared_ptr<const MappedFile>& file) {
  const auto path = file->path().string();
  ZipArchive archive(file);
  const auto root = find_root(path, archive);
  const auto size = file->bytes().size();
  if (archive.entries().contains(root + "constants.pkl")) {
    throw invalid_input(
        fmt::format("{}: is a TorchScript program; a checkpoint from torch.save is needed", path));
  }
  if (archive.entries().contains(root + "byteorder") &&
      read_text(archive, path, root + "byteorder", 64) != "little") {
    throw invalid_input(
        fmt::format("{}: was saved on a big-endian machine; re-save it on a little-endian one", path));
  }
  const auto bytes =
      read_text(archive, path, root + "data.pkl", std::min<std::uint64_t>(kLargestPickle, size * 64));
  const auto pickle = read_pickle(path, bytes);
  const auto storages = std::make_shared<ZipStorages>(path, size * 4 + (1u << 20), root, std::move(archive));
  auto tensors = read_torch_tensors(storages, pickle);  // Complains where there is no dictionary.
  return {FileFormat::torch, std::move(tensors), read_torch_metadata(pickle)};
}

}  // namespace latentdial::detail
