#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "tensor/tensor.h"
#include "weights/pickle.h"
#include "weights/stored_tensor.h"

namespace latentdial::detail {

/// Where the values of a PyTorch file's tensors lie: storages, each with a key.
class TorchStorages {
 public:
  /// `file` is for messages; `most_copied` bytes may be unpacked and put in order in all.
  TorchStorages(std::string file, std::uint64_t most_copied)
      : file_(std::move(file)), copies_left_(most_copied) {}
  TorchStorages(const TorchStorages&) = delete;
  virtual ~TorchStorages() = default;

  /// Bytes of a storage; nothing where there is none of this key.
  [[nodiscard]] virtual std::optional<std::uint64_t> bytes(const std::string& key) const = 0;
  /// What the file calls it: "zip entry archive/data/0".
  [[nodiscard]] virtual std::string place(const std::string& key) const = 0;
  /// The first `count` elements of a storage that has so many.
  [[nodiscard]] virtual Tensor open(const std::string& key, DType dtype, std::int64_t count) = 0;

  /// Throws invalid_input where copies would take more than weights do.
  void allow_copy(std::uint64_t bytes);
  [[noreturn]] void fail(const std::string& what) const;

 private:
  std::string file_;
  std::uint64_t copies_left_;
};

/// A type of storages by PyTorch's name, "FloatStorage"; no dtype: one that the engine cannot hold.
struct TorchType {
  std::string_view name;
  std::uint64_t bytes;
  std::optional<DType> dtype;
};
/// Null for a name that PyTorch does not have.
[[nodiscard]] const TorchType* torch_type(std::string_view name);

/// The tensors of the dictionary that `pickle` holds, perhaps within others (torch_file.h), each checked
/// against its storage. Throws invalid_input naming the tensor.
[[nodiscard]] StoredTensors read_torch_tensors(const std::shared_ptr<TorchStorages>& storages,
                                               const Pickle& pickle);
/// Texts and whole numbers of the outermost dictionary.
[[nodiscard]] std::map<std::string, std::string> read_torch_metadata(const Pickle& pickle);

}  // namespace latentdial::detail
