#include "http_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <string>

#include "latentdial/text.h"

namespace latentdial::server {
namespace {

namespace beast_http = boost::beast::http;

bool is_control(char c) {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
}

bool is_blank_character(char c) {
  return c == ' ' || c == '\t';
}

/// What is wrong with a line without its end; null: nothing that can be told from it alone.
const char* fault_of(std::string_view line, bool first) {
  if (std::ranges::any_of(line, is_control)) return "a line has a control character";
  if (first) return nullptr;
  if (is_blank_character(line.front())) return "a header is folded";
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return "a header has no name";
  return is_blank_character(line[colon - 1]) ? "a blank stands before a header's colon" : nullptr;
}

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

void read_target(std::string_view target, HttpRequest& request) {
  const auto mark = target.find('?');
  request.path = decode_percent(target.substr(0, mark), false);
  if (mark == std::string_view::npos) return;
  std::string_view rest = target.substr(mark + 1);
  while (!rest.empty()) {
    const auto pair = rest.substr(0, rest.find('&'));
    const auto equals = std::min(pair.find('='), pair.size());
    request.query.emplace(decode_percent(pair.substr(0, equals), true),
                          decode_percent(pair.substr(std::min(equals + 1, pair.size())), true));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
  }
}

/// Whether a header that lists words, as "keep-alive, TE", has this one.
bool lists(std::string_view values, std::string_view word) {
  while (!values.empty()) {
    const std::string_view one = values.substr(0, values.find(','));
    values.remove_prefix(std::min(one.size() + 1, values.size()));
    if (equal_without_case(without_blanks(one), word)) return true;
  }
  return false;
}

/// Whether such a request always says how long its body is.
bool needs_length(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

/// Where the body ends. Two readers must not find two ends.
std::optional<Refusal> read_length(Head& head) {
  const Headers& headers = head.request.headers;
  const std::size_t lengths = headers.count("Content-Length");
  head.in_chunks = headers.has("Transfer-Encoding");
  if (head.in_chunks && lengths > 0)
    return Refusal{400, "Content-Length and Transfer-Encoding are given; one alone can be right"};
  if (lengths == 0) return std::nullopt;
  const std::string text = headers.get("Content-Length");
  std::uint64_t bytes = 0;
  const bool plain = !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (lengths > 1 || !plain || !read_number(text, bytes))
    return Refusal{400, "Content-Length: one whole number is needed"};
  head.body_bytes = bytes;
  return std::nullopt;
}

std::optional<Refusal> check(const Head& head, std::string_view target) {
  const HttpRequest& request = head.request;
  const std::size_t hosts = request.headers.count("Host");
  if (hosts > 1 || (hosts == 0 && !head.http_1_0)) return Refusal{400, "Host: one is needed"};
  if (!target.starts_with('/')) return Refusal{400, "the request's target is not a path, as in /v1/model"};
  if (request.headers.has("Expect") && !head.expects_continue)
    return Refusal{417, "Expect: only 100-continue can be met"};
  return std::nullopt;
}

}  // namespace

HeadScanner::State HeadScanner::refuse(int status, const char* message) {
  refusal_ = {status, message};
  return State::refused;
}

/// `bytes` of a line have come, and not its end.
HeadScanner::State HeadScanner::refuse_unfinished(std::size_t bytes) {
  if (lines_ == 0 && bytes > limits_.request_line_bytes)
    return refuse(414, "the request line is longer than this server takes");
  if (scanned_ + bytes > limits_.head_bytes)
    return refuse(431, "the headers are larger than this server takes");
  return State::incomplete;
}

HeadScanner::State HeadScanner::scan(std::string_view received) {
  while (true) {
    const auto end = received.find('\n', searched_);
    searched_ = std::min(end, received.size());
    const std::string_view line = received.substr(scanned_, searched_ - scanned_);
    if (const State state = refuse_unfinished(line.size()); state == State::refused) return state;
    if (end == std::string_view::npos) return State::incomplete;
    if (!line.ends_with('\r')) return refuse(400, "a line does not end with CR LF");
    scanned_ = searched_ = end + 1;
    if (line.size() == 1 && lines_ > 0) return State::whole;
    if (line.size() == 1) return refuse(400, "the request line is empty");
    if (const char* fault = fault_of(line.substr(0, line.size() - 1), lines_ == 0)) return refuse(400, fault);
    if (++lines_ > limits_.head_lines + 1)
      return refuse(431, "there are more headers than this server takes");
  }
}

std::variant<Head, Refusal> parse_head(std::string_view bytes) {
  beast_http::request_parser<beast_http::empty_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(bytes.size() + 1));
  parser.body_limit(boost::none);
  boost::beast::error_code error;
  parser.put(boost::asio::buffer(bytes), error);
  if (error && !parser.is_header_done()) return Refusal{400, "the request cannot be read"};
  const auto& message = parser.get();
  if (message.method() == beast_http::verb::unknown) return Refusal{400, "the request's method is unknown"};
  if (message.version() != 10 && message.version() != 11) return Refusal{505, "HTTP/1.1 is spoken here"};
  Head head;
  head.http_1_0 = message.version() == 10;
  head.request.method = message.method_string();
  for (const auto& field : message)
    head.request.headers.add(std::string(field.name_string()), std::string(field.value()));
  const Headers& headers = head.request.headers;
  const std::string connection = headers.get("Connection");
  head.keep_alive = head.http_1_0 ? lists(connection, "keep-alive") : !lists(connection, "close");
  head.expects_continue = !head.http_1_0 && equal_without_case(headers.get("Expect"), "100-continue");
  const std::string_view target(message.target().data(), message.target().size());
  if (auto refusal = read_length(head)) return *refusal;
  if (auto refusal = check(head, target)) return *refusal;
  read_target(target, head.request);
  return head;
}

bool Head::may_have_body() const {
  return in_chunks || body_bytes.value_or(needs_length(request.method) ? 1 : 0) > 0;
}

std::optional<Refusal> refuse_body(const Head& head, const HttpLimits& limits) {
  const std::string& method = head.request.method;
  const Headers& headers = head.request.headers;
  if (head.in_chunks) return Refusal{411, "Transfer-Encoding: a body is taken with a Content-Length alone"};
  if (needs_length(method) && !head.body_bytes)
    return Refusal{411, fmt::format("Content-Length: {} needs one, 0 for no body", method)};
  if (!needs_length(method) && method != "DELETE" && head.may_have_body())
    return Refusal{400, fmt::format("{} takes no body", method)};
  const bool plain = std::ranges::all_of(headers, [](const auto& header) {
    return !equal_without_case(header.first, "Content-Encoding") ||
           equal_without_case(header.second, "identity");
  });
  if (!plain) return Refusal{415, "Content-Encoding: only identity is taken"};
  if (head.body_bytes.value_or(0) > limits.body_bytes)
    return Refusal{413, "the body is larger than this server takes"};
  return std::nullopt;
}

std::string decode_percent(std::string_view text, bool plus_is_blank) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool triple =
        text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0;
    if (triple) {
      decoded += static_cast<char>(16 * digit(text[i + 1]) + digit(text[i + 2]));
      i += 2;
    } else {
      decoded += text[i] == '+' && plus_is_blank ? ' ' : text[i];
    }
  }
  return decoded;
}

}  // namespace latentdial::server
