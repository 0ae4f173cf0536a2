#pragma once

#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>

#include "latentdial/export.h"

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

/// The longest that a message of an Error is, in bytes.
constexpr std::size_t kLongestLine = 8192;

/// A message as one line, whatever a file name, a prompt or a key in it holds: control characters become
/// "\x0a", and of more than kLongestLine bytes the middle is left out.
[[nodiscard]] inline std::string single_line(std::string_view message) {
  constexpr std::string_view kLeftOut = " [...] ";
  constexpr std::size_t kHalf = (kLongestLine - kLeftOut.size()) / 2;
  std::string line;
  line.reserve(message.size());
  for (const char c : message) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      line += c;
      continue;
    }
    char escaped[8];
    std::snprintf(escaped, sizeof escaped, "\\x%02x", static_cast<unsigned>(byte));
    line += escaped;
  }
  if (line.size() <= kLongestLine) return line;
  const auto inside_character = [&line](std::size_t at) { return (line[at] & 0xc0) == 0x80; };
  std::size_t head = kHalf, tail = line.size() - kHalf;
  while (head > 0 && inside_character(head)) --head;
  while (tail < line.size() && inside_character(tail)) ++tail;
  return line.substr(0, head).append(kLeftOut).append(line, tail);
}

/// The one exception type of the engine. `what()` is a single_line: what, where, and what would be right.
class LATENTDIAL_API Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(single_line(message)), code_(code) {}
  [[nodiscard]] ErrorCode code() const { return code_; }

 private:
  ErrorCode code_;
};

/// An Error with ErrorCode::invalid_input, to be thrown.
[[nodiscard]] inline Error invalid_input(const std::string& message) {
  return {ErrorCode::invalid_input, message};
}

}  // namespace latentdial
