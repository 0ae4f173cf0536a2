#pragma once

#include <stdexcept>
#include <string>

namespace latentdial {

/// What kind of failure an Error reports; the command line, the server and Python map it to their own codes.
enum class ErrorCode {
  invalid_input,  ///< The user's input is wrong: exit code 2.
  cancelled,      ///< The caller asked to stop: exit code 1.
  io,             ///< Reading or writing failed part-way (a full disk, a vanished file): exit code 2.
  internal,       ///< A fault of ours: exit code 1.
};

/// The kind as other programs read it: "invalid_input".
[[nodiscard]] constexpr const char* name(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_input:
      return "invalid_input";
    case ErrorCode::cancelled:
      return "cancelled";
    case ErrorCode::io:
      return "io";
    case ErrorCode::internal:
      break;
  }
  return "internal";
}

/// The one exception type of the engine. `what()` is a single line: what, where, and what would be right.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  [[nodiscard]] ErrorCode code() const { return code_; }

 private:
  ErrorCode code_;
};

/// An Error with ErrorCode::invalid_input, to be thrown.
[[nodiscard]] inline Error invalid_input(const std::string& message) {
  return {ErrorCode::invalid_input, message};
}

}  // namespace latentdial
