#include "weights/torch_storages.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "latentdial/error.h"
#include "text/words.h"

namespace latentdial::detail {
namespace {

constexpr TorchType kTypes[] = {
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

// Where a tensor's values lie: the arguments of _rebuild_tensor_v2 after checking.
struct Layout {
  std::string key;
  DType dtype = DType::f32;
  std::uint64_t offset = 0;         // Elements into the storage.
  std::uint64_t storage_count = 0;  // Elements of the storage.
  Shape shape;
  Shape strides;
};

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

Tensor map_tensor(const std::shared_ptr<TorchStorages>& storages, const Layout& layout) {
  const auto count = element_count(layout.shape);
  if (count == 0) return Tensor::empty(layout.shape, layout.dtype);
  const auto storage =
      storages->open(layout.key, layout.dtype, static_cast<std::int64_t>(layout.storage_count));
  if (!is_contiguous(layout)) {
    storages->allow_copy(static_cast<std::uint64_t>(count) * element_size(layout.dtype));
    return in_order(layout, storage);
  }
  const auto begin = static_cast<std::int64_t>(layout.offset);
  return storage.slice(begin, begin + count).reshape(layout.shape);
}

// The dictionary that a value is, or a module of PyTorch holds; else null.
const PickleValue* dict_in(const Pickle& pickle, PickleRef ref) {
  const PickleValue* value = &pickle[ref];
  if (value->kind == PickleKind::module && !value->items.empty()) value = &pickle[value->items[0]];
  return value->kind == PickleKind::dict ? value : nullptr;
}

// Turns the pickle's account of each tensor into a StoredTensor, trusting none of it.
class TensorReader {
 public:
  TensorReader(std::shared_ptr<TorchStorages> storages, const Pickle& pickle)
      : storages_(std::move(storages)), pickle_(pickle) {}

  StoredTensors read() const {
    StoredTensors tensors;
    const auto& items = state_dict().items;
    for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
      const auto& key = pickle_[items[i]];
      const auto& value = pickle_[items[i + 1]];
      if (key.kind != PickleKind::text || value.kind != PickleKind::tensor) continue;
      const std::string name(key.text);
      if (!tensors.emplace(name, read_tensor(name, pickle_[value.items[0]])).second) {
        storages_->fail(fmt::format("tensor name {} stands twice in the file", printable(name)));
      }
    }
    return tensors;
  }

 private:
  // What a dictionary wraps; "params" may also be settings, so names are asked for in order.
  const PickleValue* inner_dict(const PickleValue& dict) const {
    for (const std::string_view name :
         {"state_dict", "string_to_param", "model", "module", "params_ema", "params"}) {
      for (std::size_t i = 0; i + 1 < dict.items.size(); i += 2) {
        if (pickle_[dict.items[i]].text != name) continue;
        if (const auto* inner = dict_in(pickle_, dict.items[i + 1])) return inner;
      }
    }
    return nullptr;
  }

  const PickleValue& state_dict() const {
    constexpr int kDeepest = 8;  // A dictionary may hold itself.
    const auto* dict = dict_in(pickle_, pickle_.root);
    if (dict == nullptr)
      storages_->fail("holds no dictionary of tensors; a Stable Diffusion checkpoint is needed");
    for (int depth = 0; depth < kDeepest; ++depth) {
      const auto* inner = inner_dict(*dict);
      if (inner == nullptr) break;
      dict = inner;
    }
    return *dict;
  }

  [[noreturn]] void broken(const std::string& name, const std::string& what) const {
    storages_->fail(fmt::format("tensor {} {}", printable(name), what));
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
  const TorchType& read_storage(const std::string& name, PickleRef ref, Layout& layout) const {
    const auto& id = pickle_[ref];
    if (id.kind != PickleKind::storage || pickle_[id.items[0]].items.size() < 5)
      broken(name, "has no storage");
    const auto& parts = pickle_[id.items[0]].items;
    const auto& type = pickle_[parts[1]];
    const TorchType* known = torch_type(type.name);
    if (known == nullptr) {
      broken(name, fmt::format("is of the unknown type {}; torch.FloatStorage or torch.HalfStorage is usual",
                               printable(fmt::format("{}.{}", type.text, type.name))));
    }
    layout.key = pickle_[parts[2]].text;
    layout.storage_count = natural(name, parts[4]);
    const auto bytes = checked_bytes({static_cast<std::int64_t>(layout.storage_count)}, known->bytes);
    const auto there = storages_->bytes(layout.key);
    if (!there) broken(name, fmt::format("needs the {}, which is missing", storages_->place(layout.key)));
    if (!bytes || *bytes > *there) {
      broken(name, fmt::format("needs {} elements of {} from {}, which has {} bytes", layout.storage_count,
                               known->name, storages_->place(layout.key), *there));
    }
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
            [storages = storages_, layout] { return map_tensor(storages, layout); }};
  }

  std::shared_ptr<TorchStorages> storages_;
  const Pickle& pickle_;
};

}  // namespace

void TorchStorages::allow_copy(std::uint64_t bytes) {
  if (bytes > copies_left_)
    fail("would unpack to more than four times its size, which weights never do: refused");
  copies_left_ -= bytes;
}

void TorchStorages::fail(const std::string& what) const {
  throw invalid_input(fmt::format("{}: {}", file_, what));
}

const TorchType* torch_type(std::string_view name) {
  const auto* known = std::ranges::find(kTypes, name, &TorchType::name);
  return known == std::end(kTypes) ? nullptr : known;
}

StoredTensors read_torch_tensors(const std::shared_ptr<TorchStorages>& storages, const Pickle& pickle) {
  return TensorReader(storages, pickle).read();
}

std::map<std::string, std::string> read_torch_metadata(const Pickle& pickle) {
  std::map<std::string, std::string> texts;
  const auto* root = dict_in(pickle, pickle.root);
  if (root == nullptr) return texts;
  for (std::size_t i = 0; i + 1 < root->items.size(); i += 2) {
    const auto& key = pickle[root->items[i]];
    const auto& value = pickle[root->items[i + 1]];
    if (key.kind != PickleKind::text) continue;
    if (value.kind == PickleKind::text) texts.emplace(key.text, value.text);
    if (value.kind == PickleKind::integer) texts.emplace(key.text, std::to_string(value.integer));
  }
  return texts;
}

}  // namespace latentdial::detail
