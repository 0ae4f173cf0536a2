#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "ops/ops.h"

namespace latentdial::ops {

/// One operation on one shape, over all its calls.
struct ProfileRow {
  std::string operation;  ///< "conv2d"
  std::string shapes;     ///< "[2, 64, 64, 320] → [2, 64, 64, 320]"
  std::int64_t calls = 0;
  double seconds = 0;
  double flop = 0;  ///< Multiplications and additions of the direct algorithm; 0 where memory is the work.
};

/// Seconds by operation and shape. Safe to use from several threads.
class Profile {
 public:
  void add(const std::string& operation, const std::string& shapes, double seconds, double flop);
  /// By seconds, longest first.
  [[nodiscard]] std::vector<ProfileRow> rows() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, ProfileRow> rows_;
};

/// A back end that times every operation of another one.
[[nodiscard]] std::unique_ptr<Backend> make_profiled_backend(std::unique_ptr<Backend> backend,
                                                             std::shared_ptr<Profile> profile);

}  // namespace latentdial::ops
