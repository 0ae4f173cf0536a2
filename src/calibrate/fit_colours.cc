#include "calibrate/fit_colours.h"

#include <array>
#include <cmath>
#include <cstddef>

#include "dial/colour_map.h"

namespace latentdial::detail {
namespace {

constexpr double kRidge = 1;  // Squared steps of a channel: what hardly varies says nothing.

using Features = std::array<double, kPixelFeatures>;

/// Of features among themselves and with an edit's colours, and of those with themselves, over all pixels:
/// what least squares needs.
struct Products {
  std::array<Features, kPixelFeatures> own = {};
  std::array<Features, 3> with = {};
  double edits = 0;
};

Products products(const std::vector<Image>& pictures, const std::vector<Image>& edits) {
  Products sums;
  for (std::size_t picture = 0; picture < pictures.size(); ++picture) {
    const auto features = pixel_features(pictures[picture]);
    const Colour mean = mean_colour(std::span(&edits[picture], 1));
    for (std::size_t i = 0; i < features.size(); ++i) {
      for (std::size_t k = 0; k < kPixelFeatures; ++k) {
        for (std::size_t j = 0; j < kPixelFeatures; ++j) sums.own[j][k] += features[i][j] * features[i][k];
      }
      for (std::size_t c = 0; c < 3; ++c) {
        const double colour = edits[picture].rgb[3 * i + c] - mean[c];
        for (std::size_t k = 0; k < kPixelFeatures; ++k) sums.with[c][k] += colour * features[i][k];
        sums.edits += colour * colour;
      }
    }
    for (std::size_t k = 0; k < kPixelFeatures; ++k)
      sums.own[k][k] += kRidge * static_cast<double>(features.size());
  }
  return sums;
}

/// x of A x = b by elimination; A is symmetric and positive definite.
Features solve(std::array<Features, kPixelFeatures> a, Features b) {
  for (std::size_t pivot = 0; pivot < b.size(); ++pivot) {
    for (std::size_t row = pivot + 1; row < b.size(); ++row) {
      const double factor = a[row][pivot] / a[pivot][pivot];
      for (std::size_t column = pivot; column < b.size(); ++column)
        a[row][column] -= factor * a[pivot][column];
      b[row] -= factor * b[pivot];
    }
  }
  for (std::size_t row = b.size(); row-- > 0;) {
    for (std::size_t column = row + 1; column < b.size(); ++column) b[row] -= a[row][column] * b[column];
    b[row] /= a[row][row];
  }
  return b;
}

/// For red, green and blue of an edit, the factors of the features by which least squares explains most of
/// it.
std::array<Features, 3> explained_by(const Products& sums) {
  return {solve(sums.own, sums.with[0]), solve(sums.own, sums.with[1]), solve(sums.own, sums.with[2])};
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
  const auto factors = explained_by(products(pictures, edits));
  const Colour mean = mean_colour(styled);
  ColourMap map;
  for (std::size_t c = 0; c < 3; ++c) {
    for (std::size_t k = 0; k < kPixelFeatures; ++k) map.rows[c][k] = rounded(factors[c][k]);
    map.rows[c].back() = rounded(mean[c]);
  }
  return map;
}

double made_up(const std::vector<Image>& pictures, const std::vector<Image>& edits) {
  const Products sums = products(pictures, edits);
  const auto factors = explained_by(sums);
  double left = sums.edits;
  for (std::size_t c = 0; c < 3; ++c)
    for (std::size_t k = 0; k < kPixelFeatures; ++k) left -= factors[c][k] * sums.with[c][k];
  return sums.edits > 0 ? left / sums.edits : 0;
}

}  // namespace latentdial::detail
