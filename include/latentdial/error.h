#pragma once

#include <cstddef>
#include <functional>
#include <memory>
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

/// A message as one line, whatever a file name, a prompt or a key in it holds: escape_controls, and of more
/// than kLongestLine bytes the middle is left out.
[[nodiscard]] LATENTDIAL_API std::string single_line(std::string_view message);

/// How a face (command line, Python, the server) calls a field that it is given as Option::name has it:
/// "--cfg" of "guidance_scale". "": by the name itself.
using Naming = std::function<std::string(std::string_view field)>;

/// Whether a Settings or a ModelOptions has a field of this name.
[[nodiscard]] LATENTDIAL_API bool is_setting(std::string_view name);

/// `text` with a face's word for each setting that stands in it as "@(guidance_scale)". What stands between
/// such marks and is no setting stays as it is.
[[nodiscard]] LATENTDIAL_API std::string with_names(std::string_view text, const Naming& naming);

/// The one exception type of the engine: what is wrong, where, and what would be right, in one line.
class LATENTDIAL_API Error : public std::runtime_error {
 public:
  /// `field` is what is wrong: a setting's Option::name, or another input's name in the function that was
  /// called; "" where it is none of them. `message` goes on after "FIELD: " and names other settings as
  /// "@(guidance_scale)". Both are made a single_line.
  Error(ErrorCode code, std::string_view field, std::string_view message);
  Error(ErrorCode code, std::string_view message) : Error(code, "", message) {}

  [[nodiscard]] ErrorCode code() const { return code_; }
  [[nodiscard]] const std::string& field() const { return said_->field; }
  /// The line without the field in front, with its marks.
  [[nodiscard]] const std::string& message() const { return said_->message; }
  /// The same of another field: what reads a text cannot know which of several it is.
  [[nodiscard]] Error about(std::string_view field) const { return {code_, field, said_->message}; }
  /// The single_line in a face's words: "--cfg: 120 is out of range, use 0 to 100". `what()` has the names as
  /// Option has them: "guidance_scale: 120 is …".
  [[nodiscard]] std::string line(const Naming& naming) const;

 private:
  struct Said {
    std::string field, message;
  };

  ErrorCode code_;
  std::shared_ptr<const Said> said_;  // Shared, so that to copy an exception throws none.
};

/// An Error with ErrorCode::invalid_input, to be thrown.
[[nodiscard]] inline Error invalid_input(std::string_view field, std::string_view message) {
  return {ErrorCode::invalid_input, field, message};
}
/// One that is no field's fault but, say, a file's.
[[nodiscard]] inline Error invalid_input(std::string_view message) {
  return {ErrorCode::invalid_input, message};
}

}  // namespace latentdial
