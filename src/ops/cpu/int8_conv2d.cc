#include <algorithm>
#include <cstring>
#include <vector>

#include "ops/cpu/int8_product.h"
#include "ops/cpu/parallel.h"
#include "ops/cpu/read_row.h"
#include "ops/cpu/window_conv2d.h"
#include "tensor/buffer_pool.h"

namespace latentdial::detail::ops::cpu {
namespace {

constexpr std::int64_t kPixelsAtOnce = 64;

/// A batch of pictures as 8-bit numbers.
struct QuantizedPictures {
  std::shared_ptr<std::byte> numbers;       ///< [B, H, W, C]
  std::vector<Quantization> quantizations;  ///< Of each picture.
};

/// Calls body(first element, count, thread) for runs of whole pixels of picture b.
template <class Body>
void for_each_run(const Context& context, const Tensor& x, std::int64_t b, const Body& body) {
  const auto pixels = x.dim(1) * x.dim(2), channels = x.dim(3);
  parallel_blocks(context.threads, pixels, kPixelsAtOnce, [&](std::int64_t begin, std::int64_t end) {
    thread_local std::vector<float> numbers;
    const auto count = (end - begin) * channels, at = (b * pixels + begin) * channels;
    numbers.resize(static_cast<std::size_t>(count));
    read_row(x, at, count, numbers.data());
    body(begin / kPixelsAtOnce, at, numbers);
  });
}

QuantizedPictures quantize_pictures(const Context& context, const Tensor& x) {
  QuantizedPictures result{pooled_buffer(static_cast<std::size_t>(x.count())), {}};
  for (std::int64_t b = 0; b < x.dim(0); ++b) {
    std::vector<Range> ranges(
        static_cast<std::size_t>((x.dim(1) * x.dim(2) + kPixelsAtOnce - 1) / kPixelsAtOnce));
    for_each_run(context, x, b,
                 [&](std::int64_t run, std::int64_t /*at*/, const std::vector<float>& numbers) {
                   ranges[static_cast<std::size_t>(run)] = range_of(numbers.data(), numbers.size());
                 });
    Range all;
    for (const auto& range : ranges) {
      all = {std::min(all.low, range.low), std::max(all.high, range.high)};
    }
    const auto quantization = result.quantizations.emplace_back(quantization_of(all));
    for_each_run(context, x, b,
                 [&](std::int64_t /*run*/, std::int64_t at, const std::vector<float>& numbers) {
                   quantize(numbers.data(), numbers.size(), quantization,
                            reinterpret_cast<std::uint8_t*>(result.numbers.get()) + at);
                 });
  }
  return result;
}

class Int8Conv2d final : public PackedConv2d {
 public:
  Int8Conv2d(const Context& context, const Tensor& weight, const Tensor& bias, ConvGeometry geometry)
      : PackedConv2d(context.dtype, weight, geometry),
        matrix_(context, weight_by_window(context, weight), bias) {}

  void run(const Context& context, const Tensor& x, const Epilogue& epilogue, Tensor& y) const override {
    const auto pictures = quantize_pictures(context, x);
    const auto* numbers = reinterpret_cast<const std::uint8_t*>(pictures.numbers.get());
    const auto results = y.dim(1) * y.dim(2), channels = in();
    const auto read_window = [&](std::int64_t result, std::uint8_t* to) {
      const auto& quantization = pictures.quantizations[static_cast<std::size_t>(result / results)];
      visit_window(*this, x.shape(), y.shape(), result, [&](std::int64_t pixel) {
        if (pixel < 0) {
          std::memset(to, static_cast<int>(quantization.zero), static_cast<std::size_t>(channels));
        } else {
          std::memcpy(to, numbers + pixel * channels, static_cast<std::size_t>(channels));
        }
        to += channels;
      });
      return quantization;
    };
    multiply(context, read_window, matrix_, epilogue, y);
  }

 private:
  Int8Matrix matrix_;
};

}  // namespace

PackedWeight prepare_int8_conv2d(const Context& context, const Tensor& weight, const Tensor& bias,
                                 ConvGeometry geometry) {
  return std::make_shared<Int8Conv2d>(context, weight, bias, geometry);
}

}  // namespace latentdial::detail::ops::cpu
