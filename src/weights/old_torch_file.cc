#include "weights/old_torch_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include "text/words.h"
#include "weights/pickle.h"
#include "weights/torch_storages.h"

namespace latentdial::detail {
namespace {

using namespace std::string_view_literals;

/// torch.serialization.MAGIC_NUMBER, pickled.
constexpr std::string_view kMagic = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."sv;
constexpr std::int64_t kVersion = 1001;

/// Storages of a file that is mapped, by their keys.
class MappedStorages : public TorchStorages {
 public:
  explicit MappedStorages(const std::shared_ptr<const MappedFile>& file)
      : TorchStorages(file->path().string(), file->bytes().size() * 4 + (1u << 20)), file_(file) {}

  void add(const std::string& key, std::span<const std::byte> bytes) {
    if (!storages_.emplace(key, bytes).second)
      fail(fmt::format("storage {} stands twice in the file", printable(key)));
  }
  [[nodiscard]] std::optional<std::uint64_t> bytes(const std::string& key) const override {
    const auto found = storages_.find(key);
    if (found == storages_.end()) return std::nullopt;
    return found->second.size();
  }
  [[nodiscard]] std::string place(const std::string& key) const override {
    return fmt::format("storage {}", printable(key));
  }
  [[nodiscard]] Tensor open(const std::string& key, DType dtype, std::int64_t count) override {
    return Tensor::view({count}, dtype, storages_.at(key).data(), file_);
  }

 private:
  std::shared_ptr<const MappedFile> file_;
  std::map<std::string, std::span<const std::byte>, std::less<>> storages_;
};

/// What follows each other in the file.
class OldTorchReader {
 public:
  explicit OldTorchReader(const std::shared_ptr<const MappedFile>& file)
      : path_(file->path().string()),
        bytes_(file->bytes()),
        storages_(std::make_shared<MappedStorages>(file)) {}

  CheckpointFile read() {
    at_ = kMagic.size();
    const Pickle version = next_pickle();
    if (version[version.root].integer != kVersion)
      storages_->fail("is a PyTorch file of an unknown version; 1001 is needed");
    (void)next_pickle();  // How long the numbers of the machine were that wrote it.
    const Pickle saved = next_pickle();
    const Pickle keys = next_pickle();
    read_storages(saved, keys);
    auto tensors = read_torch_tensors(storages_, saved);
    return {FileFormat::torch, std::move(tensors), read_torch_metadata(saved)};
  }

 private:
  Pickle next_pickle() {
    constexpr std::uint64_t kLargest = 64u << 20;
    const auto left = std::min<std::uint64_t>(bytes_.size() - at_, kLargest);
    Pickle pickle = read_pickle(path_, {reinterpret_cast<const char*>(bytes_.data()) + at_, left});
    at_ += pickle.length;
    return pickle;
  }

  /// Bytes of an element of each storage that is spoken of, by its key.
  std::map<std::string_view, std::uint64_t> element_bytes(const Pickle& saved) const {
    std::map<std::string_view, std::uint64_t> sizes;
    for (const PickleValue& value : saved.values) {
      if (value.kind != PickleKind::storage) continue;
      const auto& parts =
          saved[value.items[0]].items;  // ("storage", torch.FloatStorage, key, device, count, view)
      if (parts.size() < 5) continue;
      if (parts.size() > 5 && saved[parts[5]].kind != PickleKind::none)
        storages_->fail(
            "holds views of storages, as PyTorch before 0.4 wrote them; re-save it with torch.save");
      if (const TorchType* type = torch_type(saved[parts[1]].name)) sizes[saved[parts[2]].text] = type->bytes;
    }
    return sizes;
  }

  /// Each storage: how many elements it has, and these.
  void read_storages(const Pickle& saved, const Pickle& keys) {
    const auto sizes = element_bytes(saved);
    for (const PickleRef ref : keys[keys.root].items) {
      const std::string key(keys[ref].text);
      const auto size = sizes.find(key);
      if (size == sizes.end()) storages_->fail(fmt::format("storage {} is of no known type", printable(key)));
      std::int64_t count = 0;
      std::memcpy(&count, take(key, sizeof(count)).data(), sizeof(count));
      const auto bytes = checked_bytes({count}, size->second);
      if (!bytes) storages_->fail(fmt::format("storage {} claims {} elements", printable(key), count));
      storages_->add(key, take(key, *bytes));
    }
  }

  std::span<const std::byte> take(const std::string& key, std::uint64_t n) {
    if (n > bytes_.size() - at_)
      storages_->fail(fmt::format("storage {} needs {} bytes, but {} are left: truncated or damaged",
                                  printable(key), n, bytes_.size() - at_));
    const auto taken = bytes_.subspan(at_, n);
    at_ += n;
    return taken;
  }

  std::string path_;
  std::span<const std::byte> bytes_;
  std::shared_ptr<MappedStorages> storages_;
  std::uint64_t at_ = 0;
};

}  // namespace

bool is_old_torch_file(std::string_view start) {
  return start.starts_with(kMagic);
}

CheckpointFile read_old_torch_file(const std::shared_ptr<const MappedFile>& file) {
  return OldTorchReader(file).read();
}

}  // namespace latentdial::detail
