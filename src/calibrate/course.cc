#include "calibrate/course.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace latentdial::detail {
namespace {

constexpr double kLeastStep = 0.01;
constexpr double kFullEnough = 0.9;  // Less is missing than the meter's own error.

/// The nearest values that do not fall.
std::vector<double> levelled(const std::vector<double>& values) {
  struct Block {
    double mean;
    std::size_t count;
  };
  std::vector<Block> blocks;
  for (const double value : values) {
    blocks.push_back({value, 1});
    while (blocks.size() > 1 && blocks[blocks.size() - 2].mean > blocks.back().mean) {
      const Block last = blocks.back();
      blocks.pop_back();
      Block& into = blocks.back();
      const auto all = static_cast<double>(into.count + last.count);
      into.mean += (last.mean - into.mean) * static_cast<double>(last.count) / all;
      into.count += last.count;
    }
  }
  std::vector<double> result;
  for (const Block& block : blocks) result.insert(result.end(), block.count, block.mean);
  return result;
}

double to_thousandths(double value) {
  return std::round(value * 1000) / 1000;
}

}  // namespace

std::vector<DialPoint> course_of(const std::vector<ResponsePoint>& response) {
  std::vector<double> readings;
  for (const ResponsePoint& point : response) readings.push_back(point.mean);
  readings = levelled(readings);
  std::vector<DialPoint> points = {{0, 0}};
  for (std::size_t i = 0; i < readings.size(); ++i)
    points.push_back(
        {to_thousandths(std::max(readings[i], points.back().position + kLeastStep)), response[i].strength});
  if (double& end = points.back().position; end >= kFullEnough) end = std::max(end, 1.0);
  return points;
}

}  // namespace latentdial::detail
