#include "calibrate/fit_colours.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace latentdial {
namespace {

constexpr double kContrast = 3;  // Of those tried, what keeps most of the scene (docs/ruler.md).
constexpr double kRidge = 1;     // Squared steps of a channel: colours that hardly vary say nothing.

using Matrix = std::array<Colour, 3>;

Colour median_of(const std::vector<Image>& images) {
  std::array<std::array<std::size_t, 256>, 3> counts = {};
  std::size_t pixels = 0;
  for (const Image& image : images) {
    for (std::size_t i = 0; i < image.rgb.size(); ++i) ++counts[i % 3][image.rgb[i]];
    pixels += image.rgb.size() / 3;
  }
  Colour median = {};
  for (std::size_t c = 0; c < 3; ++c) {
    std::size_t value = 0;
    for (std::size_t below = counts[c][0]; 2 * below < pixels; below += counts[c][value]) ++value;
    median[c] = static_cast<double>(value);
  }
  return median;
}

/// How channels of `a` vary with those of `b`, pixel by pixel: rows for a's, columns for b's.
Matrix covariance(const std::vector<Image>& a, const std::vector<Image>& b) {
  const Colour mean_a = mean_colour(a), mean_b = mean_colour(b);
  Matrix sum = {};
  double pixels = 0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    for (std::size_t i = 0; i + 2 < a[k].rgb.size(); i += 3, ++pixels) {
      for (std::size_t row = 0; row < 3; ++row) {
        for (std::size_t column = 0; column < 3; ++column)
          sum[row][column] += (a[k].rgb[i + row] - mean_a[row]) * (b[k].rgb[i + column] - mean_b[column]);
      }
    }
  }
  for (Colour& row : sum)
    for (double& value : row) value /= pixels;
  return sum;
}

/// By cofactors.
Matrix inverse(const Matrix& m) {
  const auto cofactor = [&](std::size_t row, std::size_t column) {
    const auto r1 = (row + 1) % 3, r2 = (row + 2) % 3, c1 = (column + 1) % 3, c2 = (column + 2) % 3;
    return m[r1][c1] * m[r2][c2] - m[r1][c2] * m[r2][c1];
  };
  double determinant = 0;
  for (std::size_t k = 0; k < 3; ++k) determinant += m[0][k] * cofactor(0, k);
  Matrix result;
  for (std::size_t row = 0; row < 3; ++row)
    for (std::size_t column = 0; column < 3; ++column)
      result[row][column] = cofactor(column, row) / determinant;
  return result;
}

double rounded(double value) {
  return std::round(value * 1e4) / 1e4;
}

}  // namespace

Colour mean_colour(std::span<const Image> images) {
  Colour sum = {};
  std::size_t pixels = 0;
  for (const Image& image : images) {
    for (std::size_t i = 0; i < image.rgb.size(); ++i) sum[i % 3] += image.rgb[i];
    pixels += image.rgb.size() / 3;
  }
  for (double& value : sum) value /= static_cast<double>(pixels);
  return sum;
}

ColourMap fit_colours(const std::vector<Image>& pictures, const std::vector<Image>& edits,
                      const std::vector<Image>& styled) {
  Matrix own = covariance(pictures, pictures);
  for (std::size_t c = 0; c < 3; ++c) own[c][c] += kRidge;
  const Matrix with = covariance(edits, pictures), inverted = inverse(own);
  const Colour from = mean_colour(pictures), to = median_of(styled);
  ColourMap map;
  for (std::size_t row = 0; row < 3; ++row) {
    map.rows[row][3] = to[row];
    for (std::size_t column = 0; column < 3; ++column) {
      double slope = 0;
      for (std::size_t k = 0; k < 3; ++k) slope += with[row][k] * inverted[k][column];
      map.rows[row][column] = rounded(kContrast * slope);
      map.rows[row][3] -= map.rows[row][column] * from[column];
    }
    map.rows[row][3] = rounded(map.rows[row][3]);
  }
  return map;
}

}  // namespace latentdial
