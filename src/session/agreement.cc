#include "session/agreement.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "tensor/arithmetic.h"

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

/// Adds to each block of `by` × `by` pixels what its average lacks. What would leave [−1, 1] is held there,
/// and the others get the rest in the next pass.
Tensor with_averages(const Tensor& known, Tensor picture, int by) {
  constexpr int kPasses = 8;
  picture = picture.clone();
  const float area = static_cast<float>(by) * static_cast<float>(by);
  for (int pass = 0; pass < kPasses; ++pass) {
    for (std::int64_t row = 0; row < known.dim(1); ++row) {
      for (std::int64_t column = 0; column < known.dim(2); ++column) {
        std::array<float, 3> lack{};
        const auto each = [&](const auto& pixel) {
          for (std::int64_t y = row * by; y < (row + 1) * by; ++y)
            for (std::int64_t x = column * by; x < (column + 1) * by; ++x)
              for (std::size_t c = 0; c < 3; ++c) pixel(picture.values()[offset(picture, y, x) + c], c);
        };
        for (std::size_t c = 0; c < 3; ++c) lack[c] = known.values()[offset(known, row, column) + c];
        each([&](float value, std::size_t c) { lack[c] -= value / area; });
        each([&](float& value, std::size_t c) { value = std::clamp(value + lack[c], -1.0F, 1.0F); });
      }
    }
  }
  return picture;
}

enum class Direction { forward, adjoint };

/// One pass of a blur, beyond the edge of which lies the edge; or its adjoint.
Tensor blurred(const BlurPass& pass, const Tensor& x, Direction direction) {
  Tensor result = Tensor::zeros(x.shape());
  const auto height = x.dim(1), width = x.dim(2);
  for (std::int64_t row = 0; row < height; ++row) {
    for (std::int64_t column = 0; column < width; ++column) {
      const auto here = offset(x, row, column);
      for (const auto& [dx, dy, weight] : pass.taps) {
        const auto there = offset(x, std::clamp<std::int64_t>(row + dy, 0, height - 1),
                                  std::clamp<std::int64_t>(column + dx, 0, width - 1));
        const auto from = direction == Direction::forward ? there : here;
        const auto to = direction == Direction::forward ? here : there;
        for (std::size_t c = 0; c < 3; ++c) result.values()[to + c] += weight * x.values()[from + c];
      }
    }
  }
  return result;
}

Tensor blurred(const std::vector<BlurPass>& passes, Tensor x) {
  for (const auto& pass : passes) x = blurred(pass, x, Direction::forward);
  return x;
}

Tensor adjoint(const std::vector<BlurPass>& passes, Tensor x) {
  for (auto pass = passes.rbegin(); pass != passes.rend(); ++pass) x = blurred(*pass, x, Direction::adjoint);
  return x;
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
