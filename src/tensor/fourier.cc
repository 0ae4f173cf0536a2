#include "tensor/fourier.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace latentdial::detail {
namespace {

/// a, b ← a + b, (a − b)·w for each column of two rows.
void there_on_rows(ComplexSquare& square, std::size_t a, std::size_t b, float cosine, float sine) {
  float *ar = &square.real[a * square.side], *ai = &square.imaginary[a * square.side];
  float *br = &square.real[b * square.side], *bi = &square.imaginary[b * square.side];
  for (std::size_t i = 0; i < square.side; ++i) {
    const float real = ar[i] - br[i], imaginary = ai[i] - bi[i];
    ar[i] += br[i];
    ai[i] += bi[i];
    br[i] = real * cosine - imaginary * sine;
    bi[i] = real * sine + imaginary * cosine;
  }
}

/// a, b ← a + b·w, a − b·w for each column of two rows.
void back_on_rows(ComplexSquare& square, std::size_t a, std::size_t b, float cosine, float sine) {
  float *ar = &square.real[a * square.side], *ai = &square.imaginary[a * square.side];
  float *br = &square.real[b * square.side], *bi = &square.imaginary[b * square.side];
  for (std::size_t i = 0; i < square.side; ++i) {
    const float real = br[i] * cosine - bi[i] * sine, imaginary = br[i] * sine + bi[i] * cosine;
    br[i] = ar[i] - real;
    bi[i] = ai[i] - imaginary;
    ar[i] += real;
    ai[i] += imaginary;
  }
}

void transpose(std::vector<float>& values, std::size_t side) {
  for (std::size_t row = 0; row < side; ++row)
    for (std::size_t column = 0; column < row; ++column)
      std::swap(values[row * side + column], values[column * side + row]);
}

void transpose(ComplexSquare& square) {
  transpose(square.real, square.side);
  transpose(square.imaginary, square.side);
}

}  // namespace

FourierTransform::FourierTransform(std::size_t side) : cosines_(side / 2), sines_(side / 2) {
  for (std::size_t j = 0; j < side / 2; ++j) {
    const double angle = 2 * std::numbers::pi * static_cast<double>(j) / static_cast<double>(side);
    cosines_[j] = static_cast<float>(std::cos(angle));
    sines_[j] = static_cast<float>(std::sin(angle));
  }
}

void FourierTransform::there(ComplexSquare& square) const {
  const std::size_t side = square.side;
  // Down the columns, and then, with rows for columns, along what were rows.
  for (int direction = 0; direction < 2; ++direction) {
    for (std::size_t half = side / 2; half > 0; half /= 2)
      for (std::size_t begin = 0; begin < side; begin += 2 * half)
        for (std::size_t j = 0; j < half; ++j) {
          const std::size_t turn = j * (side / 2 / half);
          there_on_rows(square, begin + j, begin + j + half, cosines_[turn], -sines_[turn]);
        }
    transpose(square);
  }
}

void FourierTransform::back(ComplexSquare& square) const {
  const std::size_t side = square.side;
  for (int direction = 0; direction < 2; ++direction) {
    for (std::size_t half = 1; half < side; half *= 2)
      for (std::size_t begin = 0; begin < side; begin += 2 * half)
        for (std::size_t j = 0; j < half; ++j) {
          const std::size_t turn = j * (side / 2 / half);
          back_on_rows(square, begin + j, begin + j + half, cosines_[turn], sines_[turn]);
        }
    transpose(square);
  }
  const float share = 1 / (static_cast<float>(side) * static_cast<float>(side));
  for (auto* part : {&square.real, &square.imaginary})
    for (float& value : *part) value *= share;
}

void multiply(ComplexSquare& square, const ComplexSquare& by, bool conjugate) {
  const float sign = conjugate ? -1.0F : 1.0F;
  for (std::size_t i = 0; i < square.real.size(); ++i) {
    const float real = square.real[i], imaginary = square.imaginary[i];
    const float by_imaginary = sign * by.imaginary[i];
    square.real[i] = real * by.real[i] - imaginary * by_imaginary;
    square.imaginary[i] = real * by_imaginary + imaginary * by.real[i];
  }
}

}  // namespace latentdial::detail
