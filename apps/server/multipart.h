#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http_message.h"

namespace latentdial::server {

/// A field of a form, as text or as a file.
struct Part {
  std::string name;
  std::string_view content;  ///< In the request's body.
};

/// The fields of a form (multipart/form-data), in order: 64 at most, each with 8 KiB of headers at most.
/// Throws invalid_input for a request that is none, and for one that does not end as it should.
[[nodiscard]] std::vector<Part> read_form(const HttpRequest& request);

/// A parameter of a header's value: `boundary` of "multipart/form-data; boundary=abc" is "abc"; a quoted one
/// comes without its quotes. "" for none.
[[nodiscard]] std::string header_parameter(std::string_view value, std::string_view name);

}  // namespace latentdial::server
