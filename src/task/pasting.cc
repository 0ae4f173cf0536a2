#include "task/pasting.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "task/redrawn_part.h"
#include "tensor/tensor.h"

namespace latentdial::detail {
namespace {

constexpr double kMatched = 3;         // Deviation by which colours are matched, in those of the mask's blur,
constexpr double kWidestMatched = 32;  // and at most, in pixels.

/// Blurred values become the means of what is known around each place, where half of that or more is known;
/// where less is, they fade.
void to_means(Tensor& sums, const Tensor& shares) {
  for (std::size_t i = 0; i < sums.values().size(); ++i)
    sums.values()[i] /= std::max(0.5F, shares.values()[i]);
}

/// What a colour of the drawn picture lacks of the start image's, by what is known of it.
Tensor lacking(const Image& start, const Image& drawn, const Tensor& known, const Tensor& shares,
               double deviation, std::size_t colour) {
  Tensor difference = Tensor::empty(known.shape());
  for (std::size_t i = 0; i < difference.values().size(); ++i) {
    const std::size_t at = 3 * i + colour;
    difference.values()[i] = known.values()[i] * static_cast<float>(start.rgb[at] - drawn.rgb[at]);
  }
  Tensor result = blurred(difference, deviation);
  to_means(result, shares);
  return result;
}

/// How much of the drawn picture shows: half of a mask's straight edge is blurred away, so that twice of what
/// is left outside goes on from the 1 within.
Tensor shown_shares(const Tensor& named, double blur) {
  Tensor result = blurred(named, blur).clone();
  for (std::size_t i = 0; i < result.values().size(); ++i)
    result.values()[i] = std::max(named.values()[i], std::min(1.0F, 2 * result.values()[i]));
  return result;
}

}  // namespace

Image pasted(const Image& start, const Image& drawn, const Image& mask, double blur) {
  const Tensor named = named_pixels(mask), shown = shown_shares(named, blur);
  Tensor known = named.clone();
  for (float& value : known.values()) value = 1 - value;
  const double deviation = std::min(kMatched * blur, kWidestMatched);
  const Tensor shares = blurred(known, deviation);
  Image result = start;
  for (std::size_t colour = 0; colour < 3; ++colour) {
    const Tensor lack = lacking(start, drawn, known, shares, deviation, colour);
    for (std::size_t i = 0; i < lack.values().size(); ++i) {
      const float share = shown.values()[i];
      if (share == 0) continue;
      const std::size_t at = 3 * i + colour;
      const float matched = std::clamp(static_cast<float>(drawn.rgb[at]) + lack.values()[i], 0.0F, 255.0F);
      result.rgb[at] = static_cast<std::uint8_t>(
          std::lround(static_cast<float>(start.rgb[at]) + share * (matched - static_cast<float>(start.rgb[at]))));
    }
  }
  return result;
}

}  // namespace latentdial::detail
