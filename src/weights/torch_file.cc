#include "weights/torch_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "latentdial/error.h"
#include "text/words.h"
#include "weights/pickle.h"
#include "weights/zip_archive.h"

namespace latentdial::detail {
namespace {

constexpr std::uint64_t kLargestPickle = 64u << 20;

struct StorageType {
  std::string_view name;
  std::uint64_t bytes;
  std::optional<DType> dtype;
};

constexpr StorageType kStorageTypes[] = {
    {"FloatStorage", 4, DType::f32},
    {"HalfStorage", 2, DType::f16},
    {"BFloat16Storage", 2, DType::bf16},
    {"LongStorage", 8, DType::i64},
    {"IntStorage", 4, DType::i32},
    {"DoubleStorage", 8, DType::f64},
    {"ShortStorage", 2, std::nullopt},
    {"CharStorage", 1, std::nullopt},
    {"ByteStorage", 1, std::nullopt},
    {"BoolStorage", 1, std::nullopt},
    {"UntypedStorage", 1, std::nullopt},
    {"ComplexFloatStorage", 8, std::nullopt},
    {"ComplexDoubleStorage", 16, std::nullopt},
    {"QInt8Storage", 1, std::nullopt},
    {"QUInt8Storage", 1, std::nullopt},
    {"QInt32Storage", 4, std::nullopt},
    {"QUInt4x2Storage", 1, std::nullopt},
    {"QUInt2x4Storage", 1, std::nullopt},
};

// One opened file, shared by the views of its tensors.
struct Source {
  std::string path;
  std::string root;  // "archive/": what stands before "data.pkl".
  ZipArchive archive;
  std::uint64_t copies_left;  // Bytes that unpacking and reordering may still take.
  std::map<std::string, std::shared_ptr<const std::vector<std::byte>>> unpacked;

  [[noreturn]] void fail(const std::string& what) const {
    throw invalid_input(fmt::format("{}: {}", path, what));
  }
  void allow_copy(std::uint64_t bytes) {
    if (bytes > copies_left) {
      fail("would unpack to more than four times its size, which weights never do: refused");
    }
    copies_left -= bytes;
  }
};

// Where a tensor's values lie: the arguments of _rebuild_tensor_v2 after checking.
struct Layout {
  std::string entry;
  DType dtype = DType::f32;
  std::uint64_t offset = 0;         // Elements into the storage.
  std::uint64_t storage_count = 0;  // Elements of the storage.
  Shape shape;
  Shape strides;
};

Tensor storage_of(const std::shared_ptr<Source>& source, const Layout& layout) {
  const Shape flat{static_cast<std::int64_t>(layout.storage_count)};
  const auto& entry = source->archive.entries().at(layout.entry);
  if (entry.stored) {
    return Tensor::view(flat, layout.dtype, source->archive.stored_bytes(layout.entry).data(), source);
  }
  auto& unpacked = source->unpacked[layout.entry];
  if (unpacked == nullptr) {
    source->allow_copy(entry.size);
    unpacked = std::make_shared<const std::vector<std::byte>>(source->archive.unpack(layout.entry));
  }
  return Tensor::view(flat, layout.dtype, unpacked->data(), unpacked);
}

bool is_contiguous(const Layout& layout) {
  std::int64_t stride = 1;
  for (auto i = layout.shape.size(); i-- > 0;) {
    if (layout.shape[i] != 1 && layout.strides[i] != stride) return false;
    stride *= layout.shape[i];
  }
  return true;
}

// A transposed or otherwise strided tensor, put into row-major order.
Tensor in_order(const Layout& layout, const Tensor& storage) {
  Tensor tensor = Tensor::empty(layout.shape, layout.dtype);
  const auto size = element_size(layout.dtype);
  Shape index(layout.shape.size(), 0);
  for (std::int64_t n = 0; n < tensor.count(); ++n) {
    auto from = layout.offset;
    for (std::size_t i = 0; i < index.size(); ++i)
      from += static_cast<std::uint64_t>(index[i] * layout.strides[i]);
    std::memcpy(tensor.raw() + static_cast<std::size_t>(n) * size, storage.raw() + from * size, size);
    for (auto i = index.size(); i-- > 0 && ++index[i] == layout.shape[i];) index[i] = 0;
  }
  return tensor;
}

Tensor map_tensor(const std::shared_ptr<Source>& source, const Layout& layout) {
  const auto count = element_count(layout.shape);
  if (count == 0) return Tensor::empty(layout.shape, layout.dtype);
  const auto storage = storage_of(source, layout);
  if (!is_contiguous(layout)) {
    source->allow_copy(static_cast<std::uint64_t>(count) * element_size(layout.dtype));
    return in_order(layout, storage);
  }
  const auto begin = static_cast<std::int64_t>(layout.offset);
  return storage.slice(begin, begin + count).reshape(layout.shape);
}

// Turns the pickle's account of each tensor into a StoredTensor, trusting none of it.
class TensorReader {
 public:
  TensorReader(std::shared_ptr<Source> source, const Pickle& pickle)
      : source_(std::move(source)), pickle_(pickle) {}

  StoredTensors read() const {
    StoredTensors tensors;
    const auto& items = state_dict().items;
    for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
      const auto& key = pickle_[items[i]];
      const auto& value = pickle_[items[i + 1]];
      if (key.kind != PickleKind::text || value.kind != PickleKind::tensor) continue;
      const std::string name(key.text);
      if (!tensors.emplace(name, read_tensor(name, pickle_[value.items[0]])).second) {
        source_->fail(fmt::format("tensor name {} stands twice in the file", printable(name)));
      }
    }
    return tensors;
  }

  std::map<std::string, std::string> metadata() const {
    std::map<std::string, std::string> texts;
    const auto* root = dict_in(pickle_.root);
    for (std::size_t i = 0; i + 1 < root->items.size(); i += 2) {
      const auto& key = pickle_[root->items[i]];
      const auto& value = pickle_[root->items[i + 1]];
      if (key.kind != PickleKind::text) continue;
      if (value.kind == PickleKind::text) texts.emplace(key.text, value.text);
      if (value.kind == PickleKind::integer) texts.emplace(key.text, std::to_string(value.integer));
    }
    return texts;
  }

 private:
  // The dictionary that a value is, or a module of PyTorch holds; else null.
  const PickleValue* dict_in(PickleRef ref) const {
    const PickleValue* value = &pickle_[ref];
    if (value->kind == PickleKind::module && !value->items.empty()) value = &pickle_[value->items[0]];
    return value->kind == PickleKind::dict ? value : nullptr;
  }

  // What a dictionary wraps; "params" may also be settings, so names are asked for in order.
  const PickleValue* inner_dict(const PickleValue& dict) const {
    for (const std::string_view name :
         {"state_dict", "string_to_param", "model", "module", "params_ema", "params"}) {
      for (std::size_t i = 0; i + 1 < dict.items.size(); i += 2) {
        if (pickle_[dict.items[i]].text != name) continue;
        if (const auto* inner = dict_in(dict.items[i + 1])) return inner;
      }
    }
    return nullptr;
  }

  const PickleValue& state_dict() const {
    constexpr int kDeepest = 8;  // A dictionary may hold itself.
    const auto* dict = dict_in(pickle_.root);
    if (dict == nullptr)
      source_->fail("holds no dictionary of tensors; a Stable Diffusion checkpoint is needed");
    for (int depth = 0; depth < kDeepest; ++depth) {
      const auto* inner = inner_dict(*dict);
      if (inner == nullptr) break;
      dict = inner;
    }
    return *dict;
  }

  [[noreturn]] void broken(const std::string& name, const std::string& what) const {
    source_->fail(fmt::format("tensor {} {}", printable(name), what));
  }

  std::uint64_t natural(const std::string& name, PickleRef ref) const {
    const auto& value = pickle_[ref];
    if (value.kind != PickleKind::integer || value.integer < 0)
      broken(name, "lacks a whole number where one is needed");
    return static_cast<std::uint64_t>(value.integer);
  }

  Shape extents(const std::string& name, PickleRef ref) const {
    constexpr std::size_t kHighestRank = 8;
    const auto& value = pickle_[ref];
    if (value.kind != PickleKind::sequence || value.items.size() > kHighestRank)
      broken(name, "has an impossible shape");
    Shape shape;
    for (const auto item : value.items) shape.push_back(static_cast<std::int64_t>(natural(name, item)));
    return shape;
  }

  // ("storage", torch.FloatStorage, key, device, element count)
  const StorageType& read_storage(const std::string& name, PickleRef ref, Layout& layout) const {
    const auto& id = pickle_[ref];
    if (id.kind != PickleKind::storage || pickle_[id.items[0]].items.size() < 5)
      broken(name, "has no storage");
    const auto& parts = pickle_[id.items[0]].items;
    const auto& type = pickle_[parts[1]];
    const auto* known = std::ranges::find(kStorageTypes, type.name, &StorageType::name);
    if (known == std::end(kStorageTypes)) {
      broken(name, fmt::format("is of the unknown type {}; torch.FloatStorage or torch.HalfStorage is usual",
                               printable(fmt::format("{}.{}", type.text, type.name))));
    }
    layout.entry = source_->root + "data/" + std::string(pickle_[parts[2]].text);
    layout.storage_count = natural(name, parts[4]);
    const auto bytes = checked_bytes({static_cast<std::int64_t>(layout.storage_count)}, known->bytes);
    const auto entry = source_->archive.entries().find(layout.entry);
    if (entry == source_->archive.entries().end())
      broken(name, fmt::format("needs the zip entry {}, which is missing", printable(layout.entry)));
    if (!bytes || *bytes > entry->second.size) {
      broken(name,
             fmt::format("needs {} elements of {} from zip entry {}, which has {} bytes",
                         layout.storage_count, known->name, printable(layout.entry), entry->second.size));
    }
    if (entry->second.stored) (void)source_->archive.stored_bytes(layout.entry);
    return *known;
  }

  // The farthest element must lie inside the storage, and no element may be counted twice.
  void check_reach(const std::string& name, const Layout& layout) const {
    const auto count = checked_bytes(layout.shape, 1);
    if (!count || layout.strides.size() != layout.shape.size()) broken(name, "has an impossible shape");
    if (*count == 0) return;
    std::uint64_t last = layout.offset;
    for (std::size_t i = 0; i < layout.shape.size(); ++i) {
      std::uint64_t reach = 0;
      if (__builtin_mul_overflow(static_cast<std::uint64_t>(layout.shape[i] - 1),
                                 static_cast<std::uint64_t>(layout.strides[i]), &reach) ||
          __builtin_add_overflow(last, reach, &last)) {
        broken(name, "reaches past the end of its storage");
      }
    }
    if (last >= layout.storage_count || *count > layout.storage_count) {
      broken(name, fmt::format("of shape {} reaches past the end of its storage of {} elements",
                               to_string(layout.shape), layout.storage_count));
    }
  }

  // (storage, offset, shape, strides, …)
  StoredTensor read_tensor(const std::string& name, const PickleValue& arguments) const {
    if (arguments.kind != PickleKind::sequence || arguments.items.size() < 4)
      broken(name, "is rebuilt from too little");
    Layout layout;
    const auto& type = read_storage(name, arguments.items[0], layout);
    layout.offset = natural(name, arguments.items[1]);
    layout.shape = extents(name, arguments.items[2]);
    layout.strides = extents(name, arguments.items[3]);
    check_reach(name, layout);
    layout.dtype = type.dtype.value_or(DType::f32);
    auto shape = layout.shape;
    return {std::move(shape), fmt::format("torch.{}", type.name), type.dtype,
            [source = source_, layout] { return map_tensor(source, layout); }};
  }

  std::shared_ptr<Source> source_;
  const Pickle& pickle_;
};

// "archive/data.pkl" → "archive/".
std::string find_root(const std::string& path, const ZipArchive& archive) {
  constexpr std::string_view kPickle = "data.pkl";
  for (const auto& [name, entry] : archive.entries()) {
    const auto slash = name.find('/');
    const auto start = slash == std::string::npos ? 0 : slash + 1;
    if (name.substr(start) == kPickle) return name.substr(0, start);
  }
  throw invalid_input(
      fmt::format("{}: is a zip file without data.pkl, so not from torch.save; a .safetensors, a .ckpt or a "
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
  const auto source =
      std::make_shared<Source>(Source{path, root, std::move(archive), size * 4 + (1u << 20), {}});
  const TensorReader reader(source, pickle);
  auto tensors = reader.read();  // Complains where there is no dictionary.
  return {true, std::move(tensors), reader.metadata()};
}

}  // namespace latentdial::detail
