#pragma once

#include <cstddef>
#include <vector>

namespace latentdial::detail {

/// The path from a plain picture to the styled one, as key pictures on it tell: a position is the share of
/// the path that lies behind it, in the distances from each key picture to the next.
class StylePath {
 public:
  /// `strengths`: what the key pictures were drawn with, two at least, from 0 to the end's, 1 or -1. `steps`:
  /// how far each is from the one before, in any unit; one fewer.
  StylePath(std::vector<double> strengths, const std::vector<double>& steps);

  /// The key pictures on either side of a position, and how far it is from the one to the other, 0 to 1.
  struct Between {
    std::size_t below = 0, above = 0;
    double share = 0;
  };
  /// `position` from 0 to 1; beyond an end, that end.
  [[nodiscard]] Between around(double position) const;

  /// What a position is to be drawn with.
  [[nodiscard]] double strength_at(double position) const;

  /// The strength halfway between the two key pictures that are farthest apart: where one more tells most.
  [[nodiscard]] double widest() const;

 private:
  std::vector<double> strengths_, positions_;
};

}  // namespace latentdial::detail
