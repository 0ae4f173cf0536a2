#include "weights/lora_factors.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include "tensor/hash.h"
#include "text/words.h"
#include "weights/checkpoint_file.h"

namespace latentdial::detail {
namespace {

std::string wanted(std::int64_t extent) {
  return extent == 0 ? "N" : std::to_string(extent);
}

}  // namespace

LoraFactors::LoraFactors(const std::string& file, const StoredTensors& tensors, const LoraLayer& parts,
                         Shape layer, std::uint64_t hash)
    : file_(file),
      tensors_(&tensors),
      parts_(&parts),
      layer_(layer.empty() ? Shape{1} : std::move(layer)),
      hash_(hash) {}

std::int64_t LoraFactors::kernel() const {
  return element_count(layer_) / std::max<std::int64_t>(1, outputs() * inputs());
}

const std::string& LoraFactors::key(std::string_view part) const {
  const auto found = parts_->keys.find(part);
  if (found != parts_->keys.end()) return found->second;
  throw invalid_input(
      fmt::format("{}: {} has no {} beside it", file_, printable(parts_->keys.begin()->second), part));
}

Shape LoraFactors::shape(std::string_view part) const {
  return tensors_->find(key(part))->second.shape;
}

Tensor LoraFactors::read(std::string_view part) {
  const std::string& name = key(part);
  Tensor values = read_finite(file_, name, tensors_->find(name)->second, "weight");
  read_.insert(parts_->keys.find(part)->first);
  return values;
}

Tensor LoraFactors::matrix(std::string_view part, std::int64_t rows, std::int64_t columns) {
  const Shape found = shape(part);
  const std::int64_t first = found.empty() ? 0 : found.front();
  const std::int64_t rest = first > 0 ? element_count(found) / first : 0;
  const bool fits =
      first > 0 && rest > 0 && (rows == 0 || rows == first) && (columns == 0 || columns == rest);
  if (!fits) throw unfit(part, fmt::format("[{}, {} in all]", wanted(rows), wanted(columns)));
  Tensor values = read(part).reshape({first, rest});
  hash_ = hash_bytes(hash_, {values.raw(), values.bytes()});
  return values;
}

Tensor LoraFactors::blocks(std::string_view part) {
  const Shape found = shape(part);
  const bool fits = found.size() == 3 && found[1] == found[2] && found[1] > 0 && outputs() % found[1] == 0 &&
                    found[0] == outputs() / found[1];
  if (!fits) throw unfit(part, fmt::format("[N, M, M] with N x M = {}", outputs()));
  return matrix(part, 0, 0).reshape(found);
}

Tensor LoraFactors::numbers(std::string_view part, std::int64_t count) {
  const Shape found = shape(part);
  if (element_count(found) != count) throw unfit(part, fmt::format("[{}]", count));
  Tensor values = read(part).reshape({count});
  hash_ = hash_bytes(hash_, {values.raw(), values.bytes()});
  return values;
}

std::optional<double> LoraFactors::alpha() {
  if (!has("alpha")) return std::nullopt;
  if (element_count(shape("alpha")) != 1) throw unfit("alpha", "[]");
  const Tensor value = read("alpha");
  return value.values()[0];
}

void LoraFactors::add_to_hash(double number) {
  hash_ = hash_bytes(hash_, std::as_bytes(std::span(&number, 1)));
}

void LoraFactors::require_all_read() const {
  for (const auto& [part, name] : parts_->keys)
    if (!read_.contains(part))
      throw invalid_input(fmt::format("{}: {} has no meaning beside {}", file_, printable(name),
                                      printable(read_.empty() ? name : key(*read_.begin()))));
}

Error LoraFactors::unfit(std::string_view part, const std::string& needed) const {
  return invalid_input(fmt::format("{}: {} has shape {} where {} is needed", file_, printable(key(part)),
                                   to_string(shape(part)), needed));
}

}  // namespace latentdial::detail
