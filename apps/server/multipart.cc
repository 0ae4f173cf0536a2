#include "multipart.h"

#include <fmt/format.h>

#include <algorithm>

#include "latentdial/error.h"

namespace latentdial::server {
namespace {

constexpr std::size_t kMostParts = 64;
constexpr std::size_t kLargestPartHead = 8 << 10;
constexpr std::size_t kLongestBoundary = 70;  // RFC 2046.

Error broken(const char* what) {
  return invalid_input(fmt::format("the form cannot be read: {}", what));
}

/// The value up to the next ";" that stands in no quotes. `text` is left with what follows.
std::string take_value(std::string_view& text) {
  std::string value;
  bool quoted = false;
  std::size_t i = 0;
  for (; i < text.size() && (quoted || text[i] != ';'); ++i) {
    if (text[i] == '"') {
      quoted = !quoted;
    } else {
      // Browsers write a quote as %22; only a backslash before a quote says that it is one.
      if (quoted && text[i] == '\\' && i + 1 < text.size() && text[i + 1] == '"') ++i;
      value += text[i];
    }
  }
  text.remove_prefix(std::min(i + 1, text.size()));
  return value;
}

/// The name of the field whose headers these are.
std::string field_name(std::string_view head) {
  while (!head.empty()) {
    const std::string_view line = head.substr(0, head.find("\r\n"));
    head.remove_prefix(std::min(line.size() + 2, head.size()));
    const auto colon = line.find(':');
    if (colon == line.npos) throw broken("a header of a field has no colon");
    if (!equal_without_case(line.substr(0, colon), "Content-Disposition")) continue;
    const std::string_view value = without_blanks(line.substr(colon + 1));
    if (!equal_without_case(value.substr(0, value.find(';')), "form-data"))
      throw broken("a field is not form-data");
    return header_parameter(value, "name");
  }
  throw broken("a field has no Content-Disposition");
}

std::string boundary_of(const HttpRequest& request) {
  const std::string type = request.headers.get("Content-Type");
  if (!equal_without_case(without_blanks(type).substr(0, std::string_view("multipart/form-data").size()),
                          "multipart/form-data"))
    throw invalid_input("a form (multipart/form-data) with image and prompt is needed");
  const std::string boundary = header_parameter(type, "boundary");
  if (boundary.empty() || boundary.size() > kLongestBoundary)
    throw broken("its boundary has not 1 to 70 characters");
  return boundary;
}

}  // namespace

std::string header_parameter(std::string_view value, std::string_view name) {
  take_value(value);
  while (!value.empty()) {
    const auto mark = value.find_first_of("=;");
    if (mark == value.npos) break;
    const std::string_view known = without_blanks(value.substr(0, mark));
    const bool has_value = value[mark] == '=';
    value.remove_prefix(mark + 1);
    const std::string text = has_value ? take_value(value) : "";
    if (equal_without_case(known, name)) return std::string(without_blanks(text));
  }
  return "";
}

std::vector<Part> read_form(const HttpRequest& request) {
  const std::string delimiter = "\r\n--" + boundary_of(request);
  std::string_view rest = request.body;
  const std::string_view first = std::string_view(delimiter).substr(2);
  if (!rest.starts_with(first)) throw broken("it does not begin with its boundary");
  rest.remove_prefix(first.size());
  std::vector<Part> parts;
  while (!rest.starts_with("--")) {
    if (!rest.starts_with("\r\n")) throw broken("a boundary's line does not end");
    const auto head_end = rest.substr(0, kLargestPartHead).find("\r\n\r\n");
    if (head_end == rest.npos) throw broken("a field's headers have no end within 8 KiB");
    if (parts.size() == kMostParts) throw broken("it has more than 64 fields");
    const std::string_view head = head_end == 0 ? "" : rest.substr(2, head_end - 2);
    rest.remove_prefix(head_end + 4);
    const auto end = rest.find(delimiter);
    if (end == rest.npos) throw broken("a field has no end");
    parts.push_back({field_name(head), rest.substr(0, end)});
    rest.remove_prefix(end + delimiter.size());
  }
  return parts;
}

}  // namespace latentdial::server
