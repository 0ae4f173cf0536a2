#include "ops/cpu/embedding.h"

#include <fmt/format.h>

#include <cstring>

#include "ops/cpu/cast.h"
#include "ops/cpu/check.h"

namespace latentdial::detail::ops::cpu {
namespace {

/// The table in the activations' type.
struct PackedEmbedding final : Packed {
  Tensor table;  // [N, C]
};

}  // namespace

PackedWeight prepare_embedding(const Context& context, const Tensor& table) {
  if (!table.defined() || table.rank() != 2) fault("prepare_embedding", "a table [N, C] is needed");
  check_parameter("prepare_embedding", table, table.shape());
  auto packed = std::make_shared<PackedEmbedding>();
  packed->table = context.dtype == DType::f32 ? table.clone() : to_device(context, table);
  return packed;
}

Tensor embedding(const Context& context, std::span<const std::int32_t> ids, const PackedWeight& table) {
  const auto& rows = unpack<PackedEmbedding>("embedding", table).table;
  check_activation("embedding", context, rows);
  Tensor y = Tensor::empty({static_cast<std::int64_t>(ids.size()), rows.dim(1)}, rows.dtype());
  const auto row = static_cast<std::size_t>(rows.dim(1)) * element_size(rows.dtype());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] < 0 || ids[i] >= rows.dim(0)) {
      fault("embedding", fmt::format("id {} where the table has {} rows", ids[i], rows.dim(0)));
    }
    std::memcpy(y.raw() + i * row, rows.raw() + static_cast<std::size_t>(ids[i]) * row, row);
  }
  return y;
}

}  // namespace latentdial::detail::ops::cpu
