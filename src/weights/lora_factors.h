#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "latentdial/error.h"
#include "weights/lora_keys.h"
#include "weights/stored_tensor.h"

namespace latentdial::detail {

/// The tensors of one layer of a LoRA file, read as the layer of the model needs them. Every fault is an
/// invalid_input that names the file and the key.
class LoraFactors {
 public:
  /// `layer` [out, in, …], or [out] of a norm, is the shape of the model's weight; `hash` that of the layers
  /// before.
  LoraFactors(const std::string& file, const StoredTensors& tensors, const LoraLayer& parts, Shape layer,
              std::uint64_t hash);

  [[nodiscard]] std::int64_t outputs() const { return layer_.front(); }
  /// 1 for a norm.
  [[nodiscard]] std::int64_t inputs() const { return layer_.size() < 2 ? 1 : layer_[1]; }
  /// Places of a convolution's kernel; 1 for others.
  [[nodiscard]] std::int64_t kernel() const;

  [[nodiscard]] bool has(std::string_view part) const { return parts_->keys.contains(part); }
  /// A tensor as the matrix of its first axis and all others; `rows` and `columns` 0: as many as it has.
  [[nodiscard]] Tensor matrix(std::string_view part, std::int64_t rows, std::int64_t columns);
  /// [N,M,M] with N·M = outputs.
  [[nodiscard]] Tensor blocks(std::string_view part);
  /// As many numbers as wanted, in any shape.
  [[nodiscard]] Tensor numbers(std::string_view part, std::int64_t count);
  [[nodiscard]] Shape shape(std::string_view part) const;
  /// The value of "alpha"; none without it.
  [[nodiscard]] std::optional<double> alpha();

  /// With what was read so far, and numbers that were added.
  [[nodiscard]] std::uint64_t hash() const { return hash_; }
  void add_to_hash(double number);
  /// Throws when there is a tensor that was not read.
  void require_all_read() const;
  [[nodiscard]] Error unfit(std::string_view part, const std::string& needed) const;

 private:
  [[nodiscard]] Tensor read(std::string_view part);
  [[nodiscard]] const std::string& key(std::string_view part) const;

  std::string file_;
  const StoredTensors* tensors_;
  const LoraLayer* parts_;
  Shape layer_;
  std::set<std::string_view> read_;
  std::uint64_t hash_;
};

}  // namespace latentdial::detail
