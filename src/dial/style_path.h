#pragma once

#include <cstddef>
#include <vector>

#include "latentdial/dial.h"

namespace latentdial::detail {

/// The way from a plain picture to the styled one, or on from there, by the key pictures on it.
class StylePath {
 public:
  /// Where each key picture stands, two at least; positions from 0 outwards, whatever the strengths' sign.
  explicit StylePath(std::vector<DialPoint> keys) : keys_(std::move(keys)) {}

  /// The key pictures on either side of a position, and how far it is from the one to the other, 0 to 1.
  struct Between {
    std::size_t below = 0, above = 0;
    double share = 0;
  };
  /// Beyond an end, that end.
  [[nodiscard]] Between around(double position) const;

  /// What a position is to be drawn with.
  [[nodiscard]] double strength_at(double position) const;

  /// The strength halfway between the two key pictures that are farthest apart: where one more tells most.
  [[nodiscard]] double widest() const;

  [[nodiscard]] const std::vector<DialPoint>& keys() const { return keys_; }

 private:
  std::vector<DialPoint> keys_;
};

/// Key pictures by how far each is from the one before, in any unit: a position is the share of the path that
/// lies behind it. `strengths`: what they were drawn with, from 0 to 1 or -1; `steps`: one fewer.
[[nodiscard]] std::vector<DialPoint> by_distance(const std::vector<double>& strengths,
                                                 const std::vector<double>& steps);

}  // namespace latentdial::detail
