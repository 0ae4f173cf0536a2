// The Fourier transform, against its definition and by what it is for.

#include "tensor/fourier.h"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <cstddef>
#include <numbers>
#include <vector>

namespace latentdial::detail {
namespace {

ComplexSquare filled(std::size_t side, std::size_t seed) {
  ComplexSquare square(side);
  for (std::size_t i = 0; i < side * side; ++i) {
    square.real[i] = static_cast<float>((i * 37 + seed * 11) % 17) / 17 - 0.5F;
    square.imaginary[i] = static_cast<float>((i * 53 + seed * 29) % 13) / 13 - 0.5F;
  }
  return square;
}

std::complex<double> at(const ComplexSquare& square, std::size_t i) {
  return {square.real[i], square.imaginary[i]};
}

TEST(Fourier, SumsWhatItsDefinitionSums) {
  constexpr std::size_t kSide = 8;
  const ComplexSquare given = filled(kSide, 1);
  ComplexSquare found = given;
  FourierTransform(kSide).there(found);
  const auto reversed = [](std::size_t i) { return (i & 1) << 2 | (i & 2) | (i & 4) >> 2; };
  for (std::size_t v = 0; v < kSide; ++v)
    for (std::size_t u = 0; u < kSide; ++u) {
      std::complex<double> sum = 0;
      for (std::size_t y = 0; y < kSide; ++y)
        for (std::size_t x = 0; x < kSide; ++x)
          sum += at(given, y * kSide + x) *
                 std::polar(1.0, -2 * std::numbers::pi * static_cast<double>(u * x + v * y) / kSide);
      // Each index stands where its bits in reverse order say.
      const auto there = at(found, reversed(v) * kSide + reversed(u));
      EXPECT_NEAR(std::abs(there - sum), 0, 1e-5) << v << ' ' << u;
    }
}

TEST(Fourier, ComesBack) {
  const ComplexSquare given = filled(64, 2);
  ComplexSquare square = given;
  const FourierTransform transform(64);
  transform.there(square);
  transform.back(square);
  for (std::size_t i = 0; i < given.real.size(); ++i)
    EXPECT_NEAR(std::abs(at(square, i) - at(given, i)), 0, 1e-5);
}

TEST(Fourier, ProductsAreCircularConvolutions) {
  constexpr std::size_t kSide = 16;
  const ComplexSquare given = filled(kSide, 3);
  ComplexSquare kernel(kSide);
  kernel.real[2 * kSide + 5] = 2;  // Two down and five to the right, doubled.
  const FourierTransform transform(kSide);
  transform.there(kernel);
  for (const bool conjugate : {false, true}) {
    ComplexSquare moved = given;
    transform.there(moved);
    multiply(moved, kernel, conjugate);
    transform.back(moved);
    for (std::size_t y = 0; y < kSide; ++y)
      for (std::size_t x = 0; x < kSide; ++x) {
        const std::size_t row = conjugate ? y + 2 : y + kSide - 2, column = conjugate ? x + 5 : x + kSide - 5;
        const auto wanted = 2.0 * at(given, row % kSide * kSide + column % kSide);
        EXPECT_NEAR(std::abs(at(moved, y * kSide + x) - wanted), 0, 1e-5);
      }
  }
}

}  // namespace
}  // namespace latentdial::detail
