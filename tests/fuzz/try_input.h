#pragma once

#include <cstdlib>
#include <string_view>
#include <utility>

#include "latentdial/error.h"

namespace latentdial::fuzz {

/// Runs `read` on an input that a stranger wrote. It may take it, or refuse it in one line; every other
/// exception, and a fault of ours, is a finding.
template <typename Read>
int try_input(Read&& read) {
  try {
    std::forward<Read>(read)();
  } catch (const Error& error) {
    const std::string_view line = error.what();
    if (line.empty() || line.size() > kLongestLine || line.find('\n') != std::string_view::npos) std::abort();
    if (error.code() == ErrorCode::internal) std::abort();
  }
  return 0;
}

}  // namespace latentdial::fuzz
