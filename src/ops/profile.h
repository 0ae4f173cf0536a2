#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "latentdial/operation_time.h"
#include "ops/ops.h"

namespace latentdial::detail::ops {

/// Seconds by operation and shape. Safe to use from several threads.
class Profile {
 public:
  void add(const std::string& operation, const std::string& shapes, double seconds, double flop);
  /// By seconds, longest first.
  [[nodiscard]] std::vector<OperationTime> rows() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, OperationTime> rows_;
};

/// A back end that times every operation of another one.
[[nodiscard]] std::unique_ptr<Backend> make_profiled_backend(std::unique_ptr<Backend> backend,
                                                             std::shared_ptr<Profile> profile);

}  // namespace latentdial::detail::ops
