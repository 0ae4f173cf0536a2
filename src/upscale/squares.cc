#include "upscale/squares.h"

#include <algorithm>

namespace latentdial::detail {
namespace {

/// A row of squares: where each begins, and where the last one ends.
std::vector<int> edges_of(int length, int multiple) {
  const int count = (length + kSquare - 1) / kSquare;
  std::vector<int> edges;
  for (int i = 0; i < count; ++i) edges.push_back(length / multiple * i / count * multiple);
  edges.push_back(length);
  return edges;
}

}  // namespace

std::vector<Square> squares_of(int width, int height, int multiple) {
  const auto columns = edges_of(width, multiple), rows = edges_of(height, multiple);
  std::vector<Square> squares;
  for (std::size_t j = 0; j + 1 < rows.size(); ++j) {
    for (std::size_t i = 0; i + 1 < columns.size(); ++i) {
      const PixelArea kept = {columns[i], rows[j], columns[i + 1] - columns[i], rows[j + 1] - rows[j]};
      const int left = std::max(0, kept.left - kAround), top = std::max(0, kept.top - kAround);
      const int right = std::min(width, kept.left + kept.width + kAround);
      const int bottom = std::min(height, kept.top + kept.height + kAround);
      squares.push_back({{left, top, right - left, bottom - top}, kept});
    }
  }
  return squares;
}

}  // namespace latentdial::detail
