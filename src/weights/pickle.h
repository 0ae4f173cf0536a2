#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace latentdial::detail {

enum class PickleKind {
  none,
  boolean,
  integer,
  real,
  text,      ///< Also byte strings.
  sequence,  ///< Tuple, list or set.
  dict,
  global,   ///< A name in a module. It is never looked up.
  storage,  ///< PyTorch's persistent id of a storage.
  tensor,   ///< The arguments of torch._utils._rebuild_tensor_v2.
  module,   ///< A torch.nn module: the dict of its parameters, once its state was read.
  inert,    ///< Any other object: does nothing, holds at most what it was made from.
};

/// Index of a value in Pickle::values. Values refer to each other by index: cycles and deep nesting cost
/// nothing.
using PickleRef = std::uint32_t;

struct PickleValue {
  PickleKind kind = PickleKind::none;
  std::int64_t integer = 0;    ///< integer, boolean.
  std::string_view text = {};  ///< text: its bytes; global: the module. Points into the pickle.
  std::string_view name = {};  ///< global: the name.
  std::vector<PickleRef> items =
      {};  ///< sequence: items; dict: key, value, key, value, …; storage, tensor, inert: one sequence.
};

struct Pickle {
  std::vector<PickleValue> values;
  PickleRef root = 0;
  std::size_t length = 0;  ///< Bytes of it; others may follow.

  [[nodiscard]] const PickleValue& operator[](PickleRef ref) const { return values[ref]; }
};

/// Interprets the pickle (protocols 2 to 5, binary opcodes) that torch.save writes. Executes nothing:
/// PyTorch's rebuild functions become `tensor` values, Python's containers plain ones, numpy's whole numbers
/// `integer`, harmless classes of trainers `inert` ones, and a call of anything else throws invalid_input
/// naming what would run. Work and memory are bounded. `file` is for messages; `bytes` must outlive the
/// result.
[[nodiscard]] Pickle read_pickle(const std::string& file, std::string_view bytes);

/// What may happen when a pickle calls `module`.`name`.
enum class PickleCall {
  rebuild_tensor,
  rebuild_subclass,  ///< Of a class derived from Tensor: a function, the class, the function's arguments.
  first_argument,    ///< Gives what it is called with.
  make_dict,
  make_module,
  make_number,  ///< numpy's scalar: a dtype and its bytes.
  make_inert,
  refuse
};
[[nodiscard]] PickleCall allowed_call(std::string_view module, std::string_view name);

}  // namespace latentdial::detail
