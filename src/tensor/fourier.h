#pragma once

#include <cstddef>
#include <vector>

namespace latentdial::detail {

/// A square of complex numbers, row by row.
struct ComplexSquare {
  explicit ComplexSquare(std::size_t length)
      : side(length), real(length * length), imaginary(length * length) {}
  std::size_t side;
  std::vector<float> real, imaginary;
};

/// The discrete Fourier transform of a square along both its sides (Cooley and Tukey 1965), in place. What is
/// transformed stands in an order of its own, in which `multiply` and `back` take it.
class FourierTransform {
 public:
  /// `side` is a power of two.
  explicit FourierTransform(std::size_t side);
  void there(ComplexSquare& square) const;
  /// The inverse.
  void back(ComplexSquare& square) const;

 private:
  std::vector<float> cosines_, sines_;  ///< Of 2πj/side, for the first half of all j.
};

/// Each number of `square` times the one of `by`, or of that's conjugate.
void multiply(ComplexSquare& square, const ComplexSquare& by, bool conjugate);

}  // namespace latentdial::detail
