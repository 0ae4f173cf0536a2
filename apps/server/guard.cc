#include "guard.h"

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

#include "client.h"
#include "http.h"
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

/// Whether a browser says that another site's page asks, or one of another server on this machine: what a
/// picture or a script is loaded by has no Origin.
bool is_of_another_site(const httplib::Request& request) {
  const std::string site = request.get_header_value("Sec-Fetch-Site");
  return site == "cross-site" || site == "same-site";
}

/// Logs wrong keys, at most one line in ten seconds however many are tried.
class WrongKeys {
 public:
  explicit WrongKeys(Log log) : log_(std::move(log)) {}

  void add(const std::string& address) {
    const std::lock_guard lock(mutex_);
    const auto now = Clock::now();
    if (last_ && now - *last_ < kLogInterval) {
      ++unsaid_;
      return;
    }
    const std::string more = unsaid_ > 0 ? fmt::format("; {} more since the last such line", unsaid_) : "";
    log_(fmt::format("a wrong API key from {}{}", address, more));
    last_ = now;
    unsaid_ = 0;
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kLogInterval{10};

  const Log log_;
  std::mutex mutex_;
  std::optional<Clock::time_point> last_;
  std::size_t unsaid_ = 0;
};

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

void add_guard(httplib::Server& server, const Keys& keys, bool behind_proxy, const Log& log) {
  const auto wrong_keys = std::make_shared<WrongKeys>(log);
  server.set_pre_routing_handler([=, &keys](const httplib::Request& request, httplib::Response& response) {
    set_security_headers(response);
    if (!is_own_origin(request) || (is_of_another_site(request) && !is_page(request.path)))
      return refuse(response, 403, "forbidden", "requests of other sites' pages are refused");
    if (keys.empty())
      return is_own_name(request.get_header_value("Host"))
                 ? Handled::Unhandled
                 : refuse(response, 403, "forbidden", "Host: this server is localhost");
    const std::string authorization = request.get_header_value("Authorization");
    if (is_page(request.path) || keys.find(authorization)) return Handled::Unhandled;
    if (!authorization.empty()) wrong_keys->add(address_of(request, behind_proxy));
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
