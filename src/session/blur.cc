#include "session/blur.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "tensor/fourier.h"
#include "tensor/stop_scope.h"

namespace latentdial::detail {
namespace {

constexpr std::size_t kMostTaps = 200;  // That are added one by one: about there both ways cost alike.
constexpr std::int64_t kSide = 256;     // Of a transform.

std::size_t offset(const Tensor& x, std::int64_t row, std::int64_t column) {
  return static_cast<std::size_t>(3 * (row * x.dim(2) + column));
}

enum class Direction { forward, adjoint };

/// One tap along a row of `width` pixels, of which the one at `column` looks at column + dx, or at the row's
/// end. The pixels whose neighbour lies within the row are one run, which is most of the work.
void add_tap(float* to, const float* from, std::int64_t width, std::int64_t dx, float weight,
             Direction direction) {
  const bool forward = direction == Direction::forward;
  const auto begin = std::clamp<std::int64_t>(-dx, 0, width),
             end = std::clamp<std::int64_t>(width - dx, 0, width);
  const auto to_shift = forward ? 0 : dx, from_shift = forward ? dx : 0;
  for (std::int64_t i = 3 * begin; i < 3 * end; ++i)
    to[i + 3 * to_shift] += weight * from[i + 3 * from_shift];
  const auto add_at_end = [&](std::int64_t column) {
    const auto there = std::clamp<std::int64_t>(column + dx, 0, width - 1);
    for (std::int64_t c = 0; c < 3; ++c)
      to[3 * (forward ? column : there) + c] += weight * from[3 * (forward ? there : column) + c];
  };
  for (std::int64_t column = 0; column < begin; ++column) add_at_end(column);
  for (std::int64_t column = std::max(begin, end); column < width; ++column) add_at_end(column);
}

/// One pass of a blur, beyond the edge of which lies the edge; or its adjoint.
Tensor by_taps(const BlurPass& pass, const Tensor& x, Direction direction) {
  Tensor result = Tensor::zeros(x.shape());
  const auto height = x.dim(1), width = x.dim(2);
  for (std::int64_t row = 0; row < height; ++row) {
    throw_if_stopped(StopScope::current());
    for (const auto& [dx, dy, weight] : pass.taps) {
      const auto there = std::clamp<std::int64_t>(row + dy, 0, height - 1);
      const bool forward = direction == Direction::forward;
      add_tap(&result.values()[offset(x, forward ? row : there, 0)],
              &x.values()[offset(x, forward ? there : row, 0)], width, dx, weight, direction);
    }
  }
  return result;
}

/// How far a pass looks.
std::int64_t reach_of(const BlurPass& pass) {
  std::int64_t reach = 0;
  for (const auto& tap : pass.taps)
    reach = std::max({reach, std::int64_t{std::abs(tap.dx)}, std::int64_t{std::abs(tap.dy)}});
  return reach;
}

/// The pass's weights, each at its place from the first number on, around the edges; transformed.
ComplexSquare transformed(const BlurPass& pass, const FourierTransform& transform) {
  ComplexSquare square(kSide);
  for (const auto& [dx, dy, weight] : pass.taps)
    square.real[static_cast<std::size_t>((kSide + dy) % kSide * kSide + (kSide + dx) % kSide)] += weight;
  transform.there(square);
  return square;
}

/// One channel of what lies in a square that begins at a place of a picture, perhaps beyond its edge.
struct Plane {
  std::int64_t top = 0, left = 0;
  std::size_t channel = 0;
};

/// Beyond the picture lies its edge, or nothing where a pass is undone.
void gather(const Tensor& x, const Plane& plane, Direction direction, std::vector<float>& values) {
  for (std::int64_t i = 0; i < kSide * kSide; ++i) {
    const auto row = plane.top + i / kSide, column = plane.left + i % kSide;
    const auto near_row = std::clamp<std::int64_t>(row, 0, x.dim(1) - 1),
               near_column = std::clamp<std::int64_t>(column, 0, x.dim(2) - 1);
    const bool is_there = direction == Direction::forward || (near_row == row && near_column == column);
    values[static_cast<std::size_t>(i)] =
        is_there ? x.values()[offset(x, near_row, near_column) + plane.channel] : 0;
  }
}

/// Lays the middle of a square down, as far as it goes beyond `margin`; what came from the edge goes there.
void scatter(const std::vector<float>& values, const Plane& plane, std::int64_t reach, std::int64_t margin,
             Tensor& result) {
  const auto height = result.dim(1), width = result.dim(2);
  const auto bottom = std::min(kSide - reach, height + margin - plane.top),
             right = std::min(kSide - reach, width + margin - plane.left);
  for (std::int64_t v = reach; v < bottom; ++v)
    for (std::int64_t u = reach; u < right; ++u) {
      const auto row = std::clamp<std::int64_t>(plane.top + v, 0, height - 1),
                 column = std::clamp<std::int64_t>(plane.left + u, 0, width - 1);
      result.values()[offset(result, row, column) + plane.channel] +=
          values[static_cast<std::size_t>(v * kSide + u)];
    }
}

/// The squares' planes, whose middles cover a picture with so much around it.
std::vector<Plane> planes_of(const Tensor& x, std::int64_t reach, std::int64_t margin) {
  std::vector<Plane> planes;
  for (auto top = -margin; top < x.dim(1) + margin; top += kSide - 2 * reach)
    for (auto left = -margin; left < x.dim(2) + margin; left += kSide - 2 * reach)
      for (std::size_t c = 0; c < 3; ++c) planes.push_back({top - reach, left - reach, c});
  return planes;
}

/// The same as `by_taps`: a product of transforms, of squares that overlap by what a pass looks beyond them.
/// Two planes are one square of complex numbers, since the weights are real.
Tensor by_transform(const BlurPass& pass, const Tensor& x, Direction direction) {
  const FourierTransform transform(kSide);
  const ComplexSquare weights = transformed(pass, transform);
  const auto reach = reach_of(pass);
  const auto margin = direction == Direction::forward ? 0 : reach;
  const auto planes = planes_of(x, reach, margin);
  Tensor result = Tensor::zeros(x.shape());
  ComplexSquare square(kSide);
  for (std::size_t i = 0; i < planes.size(); i += 2) {
    throw_if_stopped(StopScope::current());
    const Plane &first = planes[i], &second = planes[std::min(i + 1, planes.size() - 1)];
    gather(x, first, direction, square.real);
    gather(x, second, direction, square.imaginary);
    transform.there(square);
    multiply(square, weights, direction == Direction::forward);
    transform.back(square);
    scatter(square.real, first, reach, margin, result);
    if (i + 1 < planes.size()) scatter(square.imaginary, second, reach, margin, result);
  }
  return result;
}

Tensor one_pass(const BlurPass& pass, const Tensor& x, Direction direction) {
  return pass.taps.size() > kMostTaps ? by_transform(pass, x, direction) : by_taps(pass, x, direction);
}

}  // namespace

Tensor blurred(const std::vector<BlurPass>& passes, Tensor x) {
  for (const auto& pass : passes) x = one_pass(pass, x, Direction::forward);
  return x;
}

Tensor adjoint(const std::vector<BlurPass>& passes, Tensor x) {
  for (auto pass = passes.rbegin(); pass != passes.rend(); ++pass) x = one_pass(*pass, x, Direction::adjoint);
  return x;
}

}  // namespace latentdial::detail
