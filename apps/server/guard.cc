#include "guard.h"

#include <fmt/format.h>

#include <string_view>

#include "base64.h"
#include "http.h"
#include "latentdial/error.h"
#include "openapi.h"

namespace latentdial::server {
namespace {

using Handled = httplib::Server::HandlerResponse;

/// "127.0.0.1:7860" → "127.0.0.1", "[::1]:7860" → "[::1]".
std::string_view without_port(std::string_view host) {
  const auto colon = host.rfind(':');
  const bool port = colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos;
  return port ? host.substr(0, colon) : host;
}

bool is_own_name(std::string_view host) {
  const std::string_view name = without_port(host);
  return name == "localhost" || name == "127.0.0.1" || name == "[::1]";
}

/// "http://host:port" of a page that we served, or no page at all.
bool is_own_origin(const httplib::Request& request) {
  if (!request.has_header("Origin")) return true;
  const std::string origin = request.get_header_value("Origin"), host = request.get_header_value("Host");
  return origin == "http://" + host || origin == "https://" + host;
}

/// The key that a request carries: a bearer's, or the password of a login.
std::string key_of(const httplib::Request& request) {
  constexpr std::string_view kBearer = "Bearer ", kBasic = "Basic ";
  const std::string header = request.get_header_value("Authorization");
  if (header.starts_with(kBearer)) return header.substr(kBearer.size());
  if (!header.starts_with(kBasic)) return "";
  try {
    const std::string login = decode_base64("Authorization", header.substr(kBasic.size()));
    const auto colon = login.find(':');
    return colon == std::string::npos ? "" : login.substr(colon + 1);
  } catch (const Error&) {
    return "";
  }
}

/// One shape that readers of all three APIs find their message in.
Handled refuse(httplib::Response& response, int status, const std::string& code, const std::string& message) {
  reply(response,
        {{"error",
          {{"code", code},
           {"message", message},
           {"field", nullptr},
           {"type", "invalid_request_error"},
           {"param", nullptr}}},
         {"detail", message}},
        status);
  return Handled::Handled;
}

/// The page itself holds nothing secret, and asks for the key.
bool is_page(const std::string& path) {
  return path == "/" || path.starts_with("/page/");
}

void set_security_headers(httplib::Response& response) {
  response.set_header("Content-Security-Policy",
                      "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; "
                      "frame-ancestors 'none'");
  response.set_header("X-Content-Type-Options", "nosniff");
  response.set_header("Referrer-Policy", "no-referrer");
  response.set_header("Cross-Origin-Resource-Policy", "same-origin");
  response.set_header("Cache-Control", "no-store");
}

}  // namespace

bool equal_in_constant_time(const std::string& a, const std::string& b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size(); ++i)
    difference |=
        static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b.empty() ? '\0' : b[i % b.size()]);
  return difference == 0;
}

void add_guard(httplib::Server& server, const std::string& api_key) {
  server.set_pre_routing_handler([api_key](const httplib::Request& request, httplib::Response& response) {
    set_security_headers(response);
    if (!is_own_origin(request))
      return refuse(response, 403, "forbidden", "requests of other sites' pages are refused");
    if (api_key.empty())
      return is_own_name(request.get_header_value("Host"))
                 ? Handled::Unhandled
                 : refuse(response, 403, "forbidden", "Host: this server is localhost");
    if (is_page(request.path) || equal_in_constant_time(key_of(request), api_key)) return Handled::Unhandled;
    response.set_header("WWW-Authenticate", "Bearer");
    return refuse(response, 401, "unauthorized",
                  "Authorization: the server's API key is needed, as \"Bearer KEY\"");
  });
  server.set_error_handler([](const httplib::Request& request, httplib::Response& response) {
    if (!response.body.empty()) return;
    const std::string allowed = allowed_methods(request.path);
    if (!allowed.empty() && allowed.find(request.method) == std::string::npos) {
      response.set_header("Allow", allowed);
      refuse(response, 405, "method_not_allowed",
             fmt::format("{} {}: only {} here", request.method, request.path, allowed));
      return;
    }
    const bool unreadable = response.status != 404 && response.status != 413;
    if (unreadable) response.set_header("Connection", "close");  // Where it ends is not known either.
    const std::string message =
        response.status == 404   ? fmt::format("{} {}: there is nothing here", request.method, request.path)
        : response.status == 413 ? "the body is larger than this server takes"
                                 : "the request cannot be read";
    refuse(response, response.status, response.status == 404 ? "not_found" : "bad_request", message);
  });
}

}  // namespace latentdial::server
