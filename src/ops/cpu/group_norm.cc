#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ops/cpu/check.h"
#include "ops/cpu/norm.h"
#include "ops/cpu/operations.h"
#include "ops/cpu/parallel.h"
#include "ops/cpu/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/cpu/group_norm.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ops/cpu/simd-inl.h"

// Channel arrays are padded to whole vectors; only the activations themselves end in a partial one.
HWY_BEFORE_NAMESPACE();
namespace latentdial::detail::ops::cpu {
namespace HWY_NAMESPACE {

template <class T>
Vector load_channels(const T* x, std::size_t channel, std::size_t channels) {
  const auto left = channels - channel;
  return left >= hn::Lanes(Floats()) ? load(x + channel) : load_part(x + channel, left);
}

// mean[c] and squares[c] = Σ (x − mean)² over the pixels of a chunk: two passes, the second one from cache.
template <class T>
void chunk_statistics(const T* x, std::size_t pixels, std::size_t channels, float* mean, float* squares) {
  const Floats d;
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t c = 0; c < channels; c += lanes) {
    store(hn::Zero(d), mean + c);
    store(hn::Zero(d), squares + c);
  }
  for (std::size_t p = 0; p < pixels; ++p) {
    const T* row = x + p * channels;
    for (std::size_t c = 0; c < channels; c += lanes) {
      store(hn::Add(load(mean + c), load_channels(row, c, channels)), mean + c);
    }
  }
  const auto share = hn::Set(d, 1.0f / static_cast<float>(pixels));
  for (std::size_t c = 0; c < channels; c += lanes) store(hn::Mul(load(mean + c), share), mean + c);
  for (std::size_t p = 0; p < pixels; ++p) {
    const T* row = x + p * channels;
    for (std::size_t c = 0; c < channels; c += lanes) {
      const auto difference = hn::Sub(load_channels(row, c, channels), load(mean + c));
      store(hn::MulAdd(difference, difference, load(squares + c)), squares + c);
    }
  }
}

// y = activation((x − center)·scale + offset)
template <Activation kActivation, class T>
void apply_chunk(const T* x, T* y, std::size_t pixels, std::size_t channels, const float* center,
                 const float* scale, const float* offset) {
  const std::size_t lanes = hn::Lanes(Floats());
  for (std::size_t p = 0; p < pixels; ++p) {
    const T* from = x + p * channels;
    T* to = y + p * channels;
    for (std::size_t c = 0; c < channels; c += lanes) {
      const auto normal = hn::Sub(load_channels(from, c, channels), load(center + c));
      const auto result = activated<kActivation>(hn::MulAdd(normal, load(scale + c), load(offset + c)));
      if (c + lanes <= channels) {
        store(result, to + c);
      } else {
        store_part(result, to + c, channels - c);
      }
    }
  }
}

// A chunk is `pixels` pixels of `channels` channels, from element `at` on.
void chunk_statistics_target(const Tensor& x, std::int64_t at, std::size_t pixels, std::size_t channels,
                             float* mean, float* squares) {
  with_type(x.dtype(),
            [&]<class T>(T) { chunk_statistics(x.data<T>() + at, pixels, channels, mean, squares); });
}
void apply_chunk_target(Activation activation, const Tensor& x, Tensor& y, std::int64_t at,
                        std::size_t pixels, std::size_t channels, const float* center, const float* scale,
                        const float* offset) {
  with_type(x.dtype(), [&]<class T>(T) {
    with_activation(activation, [&](auto kind) {
      apply_chunk<decltype(kind)::value>(x.data<T>() + at, y.data<T>() + at, pixels, channels, center, scale,
                                         offset);
    });
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace latentdial::detail::ops::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace latentdial::detail::ops::cpu {
namespace {

HWY_EXPORT(chunk_statistics_target);
HWY_EXPORT(apply_chunk_target);

constexpr std::int64_t kVectorPadding = 64;

// One call's extents. Chunks depend on the shape alone, so the result does not depend on the number of
// threads.
struct Extents {
  std::int64_t batch, pixels, channels, groups;
  std::int64_t padded = round_up(channels, kVectorPadding);
  std::int64_t chunk = std::clamp<std::int64_t>(pixels / 64, 16, 256);
  std::int64_t chunks = divide_up(pixels, chunk);

  [[nodiscard]] std::int64_t chunk_pixels(std::int64_t i) const {
    return std::min(chunk, pixels - i * chunk);
  }
};

// Calls body(offset of the chunk's first element, its pixels, batch index, chunk index over the whole batch).
template <class Body>
void for_each_chunk(const Context& context, const Extents& e, const Body& body) {
  parallel_for(context.threads, e.batch * e.chunks, [&](std::int64_t i, int /*thread*/) {
    const auto b = i / e.chunks, chunk = i % e.chunks;
    body((b * e.pixels + chunk * e.chunk) * e.channels, static_cast<std::size_t>(e.chunk_pixels(chunk)), b,
         i);
  });
}

// [B·chunks, 2, padded]: per chunk and channel the mean and the sum of squared deviations from it.
Tensor chunk_statistics(const Context& context, const Extents& e, const Tensor& x) {
  Tensor result = Tensor::empty({e.batch * e.chunks, 2, e.padded});
  for_each_chunk(context, e, [&](std::int64_t at, std::size_t pixels, std::int64_t /*b*/, std::int64_t i) {
    auto* mean = result.data<float>() + i * 2 * e.padded;
    HWY_DYNAMIC_DISPATCH(chunk_statistics_target)
    (x, at, pixels, static_cast<std::size_t>(e.channels), mean, mean + e.padded);
  });
  return result;
}

struct Moments {
  double mean, variance;
};

// Joins the chunks of one picture and one group in double: the variance of the parts plus that of their
// means.
Moments join(const Extents& e, const float* statistics, const float* bias, std::int64_t group) {
  const auto width = e.channels / e.groups;
  const auto first = group * width;
  const auto total = static_cast<double>(e.pixels * width);
  const auto mean_of = [&](std::int64_t chunk, std::int64_t c) {
    return static_cast<double>(statistics[chunk * 2 * e.padded + c]) + static_cast<double>(bias[c]);
  };
  double mean = 0, squares = 0;
  for (std::int64_t chunk = 0; chunk < e.chunks; ++chunk) {
    for (auto c = first; c < first + width; ++c) {
      mean += static_cast<double>(e.chunk_pixels(chunk)) * mean_of(chunk, c);
    }
  }
  mean /= total;
  for (std::int64_t chunk = 0; chunk < e.chunks; ++chunk) {
    for (auto c = first; c < first + width; ++c) {
      const auto difference = mean_of(chunk, c) - mean;
      squares += static_cast<double>(statistics[(chunk * 2 + 1) * e.padded + c]) +
                 static_cast<double>(e.chunk_pixels(chunk)) * difference * difference;
    }
  }
  return {mean, squares / total};
}

// [B, 3, padded]: what apply_chunk subtracts, multiplies by and adds, per picture and channel.
Tensor coefficients(const Context& context, const Extents& e, const Tensor& statistics,
                    const PackedNorm& norm, const Tensor& bias) {
  Tensor result = Tensor::zeros({e.batch, 3, e.padded});
  parallel_for(context.threads, e.batch * e.groups, [&](std::int64_t i, int /*thread*/) {
    const auto b = i / e.groups, group = i % e.groups, width = e.channels / e.groups;
    const auto* added = bias.data<float>() + (bias.dim(0) == 1 ? 0 : b * e.channels);
    const auto moments = join(e, statistics.data<float>() + b * e.chunks * 2 * e.padded, added, group);
    const auto rstd = 1.0 / std::sqrt(moments.variance + static_cast<double>(norm.epsilon));
    auto* center = result.data<float>() + b * 3 * e.padded;
    for (auto c = group * width; c < (group + 1) * width; ++c) {
      center[c] = static_cast<float>(moments.mean - static_cast<double>(added[c]));
      center[e.padded + c] = static_cast<float>(rstd * static_cast<double>(norm.gamma.data<float>()[c]));
      center[2 * e.padded + c] = norm.beta.data<float>()[c];
    }
  });
  return result;
}

Extents check(const Context& context, const Tensor& x, const PackedNorm& norm, std::int64_t groups,
              const Tensor* channel_bias) {
  check_activation("group_norm", context, x);
  const auto channels = x.dim(-1);
  if ((x.rank() != 3 && x.rank() != 4) || groups < 1 || channels % groups != 0 ||
      channels != norm.gamma.count() || x.count() == 0) {
    fault("group_norm", fmt::format("{} in {} groups with {} parameters", to_string(x.shape()), groups,
                                    norm.gamma.count()));
  }
  if (channel_bias != nullptr) {
    const bool shared = channel_bias->rank() == 2 && channel_bias->dim(0) == 1;
    check_activation("group_norm", context, *channel_bias, {shared ? 1 : x.dim(0), channels});
  }
  return {
      .batch = x.dim(0), .pixels = x.count() / (x.dim(0) * channels), .channels = channels, .groups = groups};
}

}  // namespace

Tensor group_norm(const Context& context, Tensor x, const PackedWeight& w, std::int64_t groups,
                  const GroupNormExtras& extras) {
  const auto& norm = unpack<PackedNorm>("group_norm", w);
  const auto e = check(context, x, norm, groups, extras.channel_bias);
  const auto bias =
      extras.channel_bias != nullptr ? extras.channel_bias->to(DType::f32) : Tensor::zeros({1, e.channels});
  const auto factors = coefficients(context, e, chunk_statistics(context, e, x), norm, bias);
  Tensor y = x.is_shared() ? Tensor::empty(x.shape(), x.dtype()) : x;
  for_each_chunk(context, e, [&](std::int64_t at, std::size_t pixels, std::int64_t b, std::int64_t /*i*/) {
    const auto* center = factors.data<float>() + b * 3 * e.padded;
    HWY_DYNAMIC_DISPATCH(apply_chunk_target)
    (extras.activation, x, y, at, pixels, static_cast<std::size_t>(e.channels), center, center + e.padded,
     center + 2 * e.padded);
  });
  return y;
}

}  // namespace latentdial::detail::ops::cpu
#endif  // HWY_ONCE
