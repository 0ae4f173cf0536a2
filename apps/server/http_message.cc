#include "http_message.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/beast/http/status.hpp>

namespace latentdial::server {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string_view reason_of(int status) {
  const auto reason = boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(status));
  return {reason.data(), reason.size()};
}

/// Text of ours, so there is none: a line break would begin another header.
std::string without_breaks(std::string_view value) {
  std::string clean(value);
  std::ranges::replace_if(
      clean, [](unsigned char c) { return c < 0x20; }, ' ');
  return clean;
}

}  // namespace

bool equal_without_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::string_view without_blanks(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == text.npos) return "";
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::size_t Headers::count(std::string_view name) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      list_, [&](const auto& header) { return equal_without_case(header.first, name); }));
}

std::string Headers::get(std::string_view name) const {
  for (const auto& [known, value] : list_)
    if (equal_without_case(known, name)) return value;
  return "";
}

std::string Headers::last(std::string_view name) const {
  std::string found;
  for (const auto& [known, value] : list_)
    if (equal_without_case(known, name)) found = value;
  return found;
}

std::string HttpRequest::query_value(const std::string& key) const {
  const auto found = query.find(key);
  return found == query.end() ? "" : found->second;
}

HttpResponse make_response(std::string type, std::string body, int status) {
  HttpResponse response;
  response.status = status;
  response.type = std::move(type);
  const auto owner = std::make_shared<const std::string>(std::move(body));
  response.body = *owner;
  response.owner = owner;
  return response;
}

std::string head_of(const HttpResponse& response, std::string_view others) {
  std::string head = fmt::format("HTTP/1.1 {} {}\r\n", response.status, reason_of(response.status));
  for (const auto& [name, value] : response.headers)
    head += fmt::format("{}: {}\r\n", name, without_breaks(value));
  if (!response.type.empty()) head += fmt::format("Content-Type: {}\r\n", response.type);
  return head.append(others).append("\r\n");
}

std::string in_chunks(const Stream::Piece& piece) {
  const std::string chunk =
      piece.bytes.empty() ? "" : fmt::format("{:x}\r\n{}\r\n", piece.bytes.size(), piece.bytes);
  return piece.last ? chunk + "0\r\n\r\n" : chunk;
}

}  // namespace latentdial::server
