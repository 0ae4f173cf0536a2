#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "ops/cpu/check.h"
#include "ops/cpu/operations.h"
#include "ops/cpu/parallel.h"

namespace latentdial::detail::ops::cpu {
namespace {

/// The table in the activations' type.
struct PackedEmbedding final : Packed {
  Tensor table;  // [N, C]
};

}  // namespace

Tensor upsample_nearest2x(const Context& context, const Tensor& x, std::int64_t height, std::int64_t width) {
  check_activation("upsample_nearest2x", context, x);
  const bool fits =
      x.rank() == 4 && (height + 1) / 2 == x.dim(1) && (width + 1) / 2 == x.dim(2) && height > 0 && width > 0;
  if (!fits) fault("upsample_nearest2x", fmt::format("{} to {}x{}", to_string(x.shape()), height, width));
  Tensor y = Tensor::empty({x.dim(0), height, width, x.dim(3)}, x.dtype());
  const auto pixel = static_cast<std::size_t>(x.dim(3)) * element_size(x.dtype());
  parallel_for(context.threads, x.dim(0) * height, [&](std::int64_t r, int /*thread*/) {
    const auto source_row = r / height * x.dim(1) + r % height / 2;
    const auto* from = x.raw() + static_cast<std::size_t>(source_row * x.dim(2)) * pixel;
    auto* to = y.raw() + static_cast<std::size_t>(r * width) * pixel;
    for (std::int64_t i = 0; i < width; ++i) {
      std::memcpy(to + static_cast<std::size_t>(i) * pixel, from + static_cast<std::size_t>(i / 2) * pixel,
                  pixel);
    }
  });
  return y;
}

Tensor concat_channels(const Context& context, const Tensor& a, const Tensor& b) {
  check_activation("concat_channels", context, a);
  check_activation("concat_channels", context, b);
  if (a.rank() != b.rank() || !std::equal(a.shape().begin(), a.shape().end() - 1, b.shape().begin())) {
    fault("concat_channels", fmt::format("{} does not fit {}", to_string(b.shape()), to_string(a.shape())));
  }
  Shape shape = a.shape();
  shape.back() += b.dim(-1);
  Tensor y = Tensor::empty(shape, a.dtype());
  if (y.count() == 0) return y;
  constexpr std::int64_t kRowsAtOnce = 64;
  const auto left = static_cast<std::size_t>(a.dim(-1)) * element_size(a.dtype());
  const auto right = static_cast<std::size_t>(b.dim(-1)) * element_size(b.dtype());
  const auto rows = y.count() / y.dim(-1);
  parallel_blocks(context.threads, rows, kRowsAtOnce, [&](std::int64_t begin, std::int64_t end) {
    for (auto r = static_cast<std::size_t>(begin); r < static_cast<std::size_t>(end); ++r) {
      std::memcpy(y.raw() + r * (left + right), a.raw() + r * left, left);
      std::memcpy(y.raw() + r * (left + right) + left, b.raw() + r * right, right);
    }
  });
  return y;
}

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
