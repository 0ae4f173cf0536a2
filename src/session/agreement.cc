#include "session/agreement.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "session/blur.h"
#include "tensor/arithmetic.h"
#include "tensor/stop_scope.h"

namespace latentdial::detail {
namespace {

using Lost = Restoration::Lost;

/// Rec. 601, as a grey picture is made of a coloured one.
float luminance(const float* rgb) {
  return 0.299F * rgb[0] + 0.587F * rgb[1] + 0.114F * rgb[2];
}

std::size_t offset(const Tensor& x, std::int64_t row, std::int64_t column) {
  return static_cast<std::size_t>(3 * (row * x.dim(2) + column));
}

/// How much of a deviation from grey fits into [−1, 1].
float share_that_fits(float grey, float deviation) {
  if (deviation > 0) return std::min(1.0F, (1 - grey) / deviation);
  if (deviation < 0) return std::min(1.0F, (1 + grey) / -deviation);
  return 1;
}

/// The colours of `picture` on the luminance of `known`; paler where they would not fit.
Tensor on_luminance(const Tensor& known, const Tensor& picture) {
  Tensor result = picture.clone();
  for (std::size_t i = 0; i < result.values().size(); i += 3) {
    float* rgb = &result.values()[i];
    const float wanted = luminance(&known.values()[i]), own = luminance(rgb);
    float share = 1;
    for (int c = 0; c < 3; ++c) share = std::min(share, share_that_fits(wanted, rgb[c] - own));
    for (int c = 0; c < 3; ++c) rgb[c] = wanted + share * (rgb[c] - own);
  }
  return result;
}

/// One channel of a block of pixels.
template <class OnValue>
void for_block(Tensor& picture, std::int64_t row, std::int64_t column, int by, std::size_t channel,
               const OnValue& on_value) {
  for (std::int64_t y = row * by; y < (row + 1) * by; ++y)
    for (std::int64_t x = column * by; x < (column + 1) * by; ++x)
      on_value(picture.values()[offset(picture, y, x) + channel]);
}

/// Gives a block the mean `wanted`: what that lacks is shared by those values that have room for it.
void give_mean(Tensor& picture, std::int64_t row, std::int64_t column, int by, std::size_t channel,
               float wanted) {
  constexpr int kPasses = 8;
  const float area = static_cast<float>(by) * static_cast<float>(by);
  for (int pass = 0; pass < kPasses; ++pass) {
    float lack = wanted * area, with_room = 0;
    for_block(picture, row, column, by, channel, [&](float value) { lack -= value; });
    const float bound = lack > 0 ? 1.0F : -1.0F;
    for_block(picture, row, column, by, channel,
              [&](float value) { with_room += value == bound ? 0.0F : 1.0F; });
    if (with_room == 0) return;
    for_block(picture, row, column, by, channel,
              [&](float& value) { value = std::clamp(value + lack / with_room, -1.0F, 1.0F); });
  }
}

/// `picture` with the means that are known, and all values in [−1, 1].
Tensor with_averages(const Tensor& known, const Tensor& picture, int by) {
  Tensor result = picture.clone();
  for (float& value : result.values()) value = std::clamp(value, -1.0F, 1.0F);
  for (std::int64_t row = 0; row < known.dim(1); ++row)
    for (std::int64_t column = 0; column < known.dim(2); ++column)
      for (std::size_t c = 0; c < 3; ++c)
        give_mean(result, row, column, by, c, known.values()[offset(known, row, column) + c]);
  return result;
}

/// (1 + weight·AᵀA)·x = picture + weight·Aᵀy by conjugate gradients, from the picture on.
Tensor deblurred(const std::vector<BlurPass>& passes, const Tensor& known, const Tensor& picture,
                 double weight) {
  constexpr int kSteps = 12;
  const auto apply = [&](const Tensor& x) {
    return linear_combination({{1, x}, {weight, adjoint(passes, blurred(passes, x))}});
  };
  Tensor x = picture;
  Tensor residual =
      linear_combination({{1, picture}, {weight, adjoint(passes, known)}, {-1, apply(picture)}});
  Tensor direction = residual;
  double length = dot(residual.values(), residual.values());
  for (int step = 0; step < kSteps && length > 0; ++step) {
    throw_if_stopped(StopScope::current());
    const Tensor applied = apply(direction);
    const double along = length / dot(direction.values(), applied.values());
    x = linear_combination({{1, x}, {along, direction}});
    residual = linear_combination({{1, residual}, {-along, applied}});
    const double next = dot(residual.values(), residual.values());
    direction = linear_combination({{1, residual}, {next / length, direction}});
    length = next;
  }
  return x;
}

}  // namespace

Tensor first_guess(const Restoration& restoration, const Tensor& known) {
  if (restoration.by == 1) return known;
  const auto by = restoration.by;
  Tensor large = Tensor::empty({1, known.dim(1) * by, known.dim(2) * by, 3});
  for (std::int64_t row = 0; row < large.dim(1); ++row)
    for (std::int64_t column = 0; column < large.dim(2); ++column)
      std::copy_n(&known.values()[offset(known, row / by, column / by)], 3,
                  &large.values()[offset(large, row, column)]);
  return large;
}

Tensor nearest_agreeing(const Restoration& restoration, const Tensor& known, const Tensor& picture,
                        double weight) {
  switch (restoration.lost) {
    case Lost::colors:
      return on_luminance(known, picture);
    case Lost::size:
      return with_averages(known, picture, restoration.by);
    case Lost::sharpness:
      break;
  }
  return deblurred(restoration.blur, known, picture, weight);
}

}  // namespace latentdial::detail
