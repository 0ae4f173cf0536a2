#include "weights/weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "files/mapped_file.h"
#include "latentdial/error.h"
#include "tensor/arithmetic.h"
#include "text/words.h"
#include "weights/scales.h"
#include "weights/widen.h"

namespace latentdial::detail {
namespace {

// A f32 tensor where it lies; its pages go back to the system with the last owner.
Tensor view_of(const Tensor& stored, const Shape& shape) {
  const auto release = [stored](const void* data) {
    release_mapped_pages(static_cast<const std::byte*>(data), stored.bytes());
  };
  return Tensor::view(shape, DType::f32, stored.raw(), std::shared_ptr<const void>(stored.raw(), release));
}

// In pieces that stay in the cache after they were widened; a view's are read here first.
bool is_finite(const Tensor& weight) {
  constexpr std::int64_t kPiece = 1 << 16;
  const auto values = weight.values();
  const auto count = static_cast<std::int64_t>(values.size());
  bool finite = true;
#pragma omp parallel for reduction(&& : finite)
  for (std::int64_t begin = 0; begin < count; begin += kPiece)
    finite = all_finite(values.subspan(static_cast<std::size_t>(begin),
                                       static_cast<std::size_t>(std::min(kPiece, count - begin)))) &&
             finite;
  return finite;
}

bool is_aligned(const Tensor& x) {
  return reinterpret_cast<std::uintptr_t>(x.raw()) % alignof(float) == 0;
}

// [out, in, 1, 1] and [out, in] hold the same matrix.
Shape as_matrix(Shape shape) {
  if (shape.size() == 4 && shape[2] == 1 && shape[3] == 1) shape.resize(2);
  return shape;
}

}  // namespace

struct Weights::Store {
  struct Entry {
    Tensor tensor;
    float scale = 1;
    std::vector<WeightChange> changes;
    std::atomic<bool> used = false;
  };

  std::string component;
  std::string source;
  std::map<std::string, Entry, std::less<>> entries;

  [[nodiscard]] static Tensor read(const Entry& entry, const Shape& shape) {
    const bool in_place = entry.tensor.dtype() == DType::f32 && is_aligned(entry.tensor);
    if (entry.changes.empty() && entry.scale == 1 && in_place) return view_of(entry.tensor, shape);
    Tensor read = as_f32(entry.tensor, entry.scale).reshape(shape);
    for (const WeightChange& change : entry.changes) change(read);
    return read;
  }

  [[nodiscard]] Entry& find(const std::string& name, const std::string& wanted) {
    const auto found = entries.find(name);
    if (found == entries.end()) {
      throw invalid_input(
          fmt::format("{}: {} has no tensor {}{}", source, component, printable(name), wanted));
    }
    return found->second;
  }
};

Weights::Weights(std::string component, std::string source, std::map<std::string, Tensor> tensors)
    : store_(std::make_shared<Store>()) {
  store_->component = std::move(component);
  store_->source = std::move(source);
  const auto scales = read_scales(store_->source, store_->component, tensors);
  for (auto& [name, tensor] : tensors) {
    auto& entry = store_->entries[name];
    entry.tensor = std::move(tensor);
    if (const auto scale = scales.find(name); scale != scales.end()) entry.scale = scale->second;
    entry.used = belongs_to_scales(name);
  }
}

Weights Weights::operator/(std::string_view child) const {
  Weights inner = *this;
  inner.scope_.append(child).append(".");
  return inner;
}

bool Weights::has(std::string_view name) const {
  return store_->entries.contains(scope_ + std::string(name));
}

Shape Weights::shape(std::string_view name) const {
  return store_->find(scope_ + std::string(name), "").tensor.shape();
}

Tensor Weights::load(std::string_view name, const Shape& expected) const {
  const auto full = scope_ + std::string(name);
  auto& entry = store_->find(full, fmt::format(", which should have shape {}", to_string(expected)));
  const auto& stored = entry.tensor;
  if (as_matrix(stored.shape()) != as_matrix(expected)) {
    throw invalid_input(fmt::format("{}: {} tensor {} has shape {} where {} is needed", store_->source,
                                    store_->component, printable(full), to_string(stored.shape()),
                                    to_string(expected)));
  }
  if (stored.dtype() == DType::i32 || stored.dtype() == DType::i64) {
    throw invalid_input(fmt::format("{}: {} tensor {} holds {} where floating-point weights are needed",
                                    store_->source, store_->component, printable(full),
                                    detail::name(stored.dtype())));
  }
  entry.used = true;
  Tensor loaded = store_->read(entry, expected);
  if (is_finite(loaded)) return loaded;
  throw invalid_input(
      fmt::format("{}: {}: not a number, or an infinite one, in its tensor {}; the file is damaged",
                  store_->source, store_->component, printable(full)));
}

const Tensor& Weights::stored(std::string_view name) const {
  return store_->find(scope_ + std::string(name), "").tensor;
}

void Weights::add(std::string_view name, WeightChange change) const {
  store_->find(scope_ + std::string(name), "").changes.push_back(std::move(change));
}

bool Weights::is_changed(std::string_view name) const {
  return !store_->find(scope_ + std::string(name), "").changes.empty();
}

std::string Weights::full_name(std::string_view name) const {
  return store_->component + " " + scope_ + std::string(name);
}

std::vector<std::string> Weights::names() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : store_->entries) names.push_back(name);
  return names;
}

std::vector<std::string> Weights::unused() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : store_->entries) {
    if (!entry.used) names.push_back(name);
  }
  return names;
}

}  // namespace latentdial::detail
