#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/tensor.h"

namespace latentdial::detail {

/// Changes a weight in place: f32, of the shape that it is loaded in.
using WeightChange = std::function<void(Tensor& weight)>;

/// The tensors of one model component by name, in diffusers' naming, seen from a scope: `weights /
/// "down_blocks.0"`. Copies are cheap and share the record of which tensors were used. Values stay in the
/// (mapped) file until loaded.
class Weights {
 public:
  /// `component` ("unet") and `source` (the path) are only for messages. Scales among the tensors (scales.h)
  /// become part of what they scale. Throws invalid_input where these lie.
  Weights(std::string component, std::string source, std::map<std::string, Tensor> tensors);

  /// The same tensors seen from `scope + child + "."`.
  [[nodiscard]] Weights operator/(std::string_view child) const;

  [[nodiscard]] bool has(std::string_view name) const;
  /// Shape of a tensor; throws invalid_input when it is missing.
  [[nodiscard]] Shape shape(std::string_view name) const;

  /// The tensor in f32, for reading only: it may be a view of the file. Throws invalid_input naming the
  /// tensor, the shape expected and the shape found, or that it is missing; internal where a value is not
  /// finite. A stored [out, in, 1, 1] is
  /// accepted for [out, in] and the reverse.
  [[nodiscard]] Tensor load(std::string_view name, const Shape& expected) const;

  /// The tensor as its file has it, of whatever type, without what was added to it; it counts as unused
  /// still. Throws invalid_input when it is missing.
  [[nodiscard]] const Tensor& stored(std::string_view name) const;

  /// Every later `load` of the tensor makes this change to it, after those added before. Throws invalid_input
  /// when it is missing.
  void add(std::string_view name, WeightChange change) const;
  /// Whether changes were added to a tensor. Throws invalid_input when it is missing.
  [[nodiscard]] bool is_changed(std::string_view name) const;

  /// The component and the full name of a tensor.
  [[nodiscard]] std::string full_name(std::string_view name) const;
  /// Full names of all tensors, sorted.
  [[nodiscard]] std::vector<std::string> names() const;
  /// Full names that nothing has loaded, sorted.
  [[nodiscard]] std::vector<std::string> unused() const;

 private:
  struct Store;
  std::shared_ptr<Store> store_;
  std::string scope_;
};

}  // namespace latentdial::detail
