#include "calibrate/monotone.h"

#include <cstddef>

namespace latentdial {

std::vector<double> isotonic(const std::vector<double>& values) {
  struct Block {
    double sum;
    std::size_t count;
    [[nodiscard]] double mean() const { return sum / static_cast<double>(count); }
  };
  std::vector<Block> blocks;
  for (const double value : values) {
    blocks.push_back({value, 1});
    while (blocks.size() > 1 && blocks[blocks.size() - 2].mean() > blocks.back().mean()) {
      const Block last = blocks.back();
      blocks.pop_back();
      blocks.back().sum += last.sum;
      blocks.back().count += last.count;
    }
  }
  std::vector<double> result;
  for (const Block& block : blocks) result.insert(result.end(), block.count, block.mean());
  return result;
}

double inverse(const std::vector<double>& xs, const std::vector<double>& ys, double y) {
  if (y <= ys.front()) return xs.front();
  for (std::size_t i = 1; i < xs.size(); ++i) {
    if (ys[i] < y) continue;
    return xs[i - 1] + (xs[i] - xs[i - 1]) * (y - ys[i - 1]) / (ys[i] - ys[i - 1]);
  }
  return xs.back();
}

}  // namespace latentdial
