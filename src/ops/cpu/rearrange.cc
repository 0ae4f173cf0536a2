#include "ops/cpu/rearrange.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "ops/cpu/check.h"
#include "ops/cpu/parallel.h"

namespace latentdial::detail::ops::cpu {
namespace {

constexpr std::int64_t kRowsAtOnce = 64;

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

Tensor gather_batch(const Context& context, const Tensor& x, std::span<const std::int64_t> indices) {
  check_activation("gather_batch", context, x);
  Shape shape = x.shape();
  shape.front() = static_cast<std::int64_t>(indices.size());
  Tensor y = Tensor::empty(shape, x.dtype());
  const auto member = x.bytes() / static_cast<std::size_t>(x.dim(0));
  parallel_for(context.threads, y.dim(0), [&](std::int64_t i, int /*thread*/) {
    const auto from = indices[static_cast<std::size_t>(i)];
    if (from < 0 || from >= x.dim(0))
      fault("gather_batch", fmt::format("no member {} in {}", from, to_string(x.shape())));
    std::memcpy(y.raw() + static_cast<std::size_t>(i) * member,
                x.raw() + static_cast<std::size_t>(from) * member, member);
  });
  return y;
}

}  // namespace latentdial::detail::ops::cpu
