#pragma once

#include <cstdint>
#include <string>

namespace latentdial {

/// Time spent in one operation on one shape, over all its calls.
struct OperationTime {
  std::string operation;  ///< "conv2d"
  std::string shapes;     ///< Input and result, "[2, 64, 64, 320] → [2, 64, 64, 320]".
  std::int64_t calls = 0;
  double seconds = 0;
  double flop = 0;  ///< Multiplications and additions of the direct algorithm; 0 where memory is the work.
};

}  // namespace latentdial
