#include <fmt/format.h>

#include <cmath>
#include <string_view>

#include "latentdial/error.h"
#include "latentdial/sweep.h"
#include "latentdial/text.h"

namespace latentdial {
namespace {

constexpr int kMostValues = 100000;

}  // namespace

std::vector<double> parse_range(const std::string& text) {
  const auto fail = [&] {
    return invalid_input(
        "range",
        fmt::format("\"{}\" is neither a number nor A:B:N, as in 0:1:11 for eleven values from 0 to 1",
                    text));
  };
  const std::string_view view = text;
  const auto first = view.find(':');
  double from = 0, to = 0;
  if (first == std::string_view::npos) {
    if (!read_number(view, from) || !std::isfinite(from)) throw fail();
    return {from};
  }
  const auto second = view.find(':', first + 1);
  int count = 0;
  const bool read = second != std::string_view::npos && read_number(view.substr(0, first), from) &&
                    read_number(view.substr(first + 1, second - first - 1), to) &&
                    read_number(view.substr(second + 1), count);
  if (!read || !std::isfinite(from) || !std::isfinite(to) || count < 1 || count > kMostValues) throw fail();
  std::vector<double> values;
  for (int i = 0; i < count; ++i) {
    const double value = count == 1 ? from : from + (to - from) * i / (count - 1);
    values.push_back(std::round(value * 1e9) / 1e9);  // 0.3, not 0.30000000000000004.
  }
  return values;
}

}  // namespace latentdial
