#include "guard.h"

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>

#include "client.h"
#include "http.h"

namespace latentdial::server {
namespace {

/// "127.0.0.1:7860" → "127.0.0.1", "[::1]:7860" → "[::1]".
std::string_view without_port(std::string_view host) {
  const auto colon = host.rfind(':');
  const bool port = colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos;
  return port ? host.substr(0, colon) : host;
}

bool is_own_name(std::string_view host) {
  const std::string_view name = without_port(host);
  return equal_without_case(name, "localhost") || name == "127.0.0.1" || name == "[::1]";
}

/// "http://host:port" of a page that we served, or no page at all.
bool is_own_origin(const HttpRequest& request) {
  if (!request.headers.has("Origin")) return true;
  const std::string origin = request.headers.get("Origin"), host = request.headers.get("Host");
  return origin == "http://" + host || origin == "https://" + host;
}

/// Whether a browser says that another site's page made the request: by a picture, a form, a script, which
/// carry no Origin. A link to the page is followed.
bool is_of_another_site(const HttpRequest& request) {
  const std::string site = request.headers.get("Sec-Fetch-Site");
  if (site.empty() || site == "same-origin" || site == "none") return false;
  const bool link = request.headers.get("Sec-Fetch-Mode") == "navigate" && request.method == "GET";
  return !link || request.path != "/";
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

const char* code_of(int status) {
  switch (status) {
    case 401:
      return "unauthorized";
    case 403:
      return "forbidden";
    case 404:
      return "not_found";
    case 405:
      return "method_not_allowed";
    case 503:
      return "busy";
    default:
      return "bad_request";
  }
}

/// The page itself holds nothing secret, and asks for the key.
bool is_page(const std::string& path) {
  return path == "/" || path.starts_with("/page/");
}

}  // namespace

Guard make_guard(const Keys& keys, bool behind_proxy, const Log& log) {
  const auto wrong_keys = std::make_shared<WrongKeys>(log);
  return [=, &keys](const HttpRequest& request) -> std::optional<HttpResponse> {
    if (!is_own_origin(request) || is_of_another_site(request))
      return refusal_response({403, "requests of other sites' pages are refused"});
    if (keys.empty()) {
      if (is_own_name(request.headers.get("Host"))) return std::nullopt;
      return refusal_response({403, "Host: this server is localhost"});
    }
    const std::string authorization = request.headers.get("Authorization");
    if (is_page(request.path) || keys.find(authorization)) return std::nullopt;
    if (!authorization.empty()) wrong_keys->add(address_of(request, behind_proxy));
    HttpResponse response =
        refusal_response({401, "Authorization: the server's API key is needed, as \"Bearer KEY\""});
    response.headers.add("WWW-Authenticate", "Bearer");
    return response;
  };
}

HttpResponse refusal_response(const Refusal& refusal) {
  return reply({{"error",
                 {{"code", code_of(refusal.status)},
                  {"message", refusal.message},
                  {"field", nullptr},
                  {"type", "invalid_request_error"},
                  {"param", nullptr}}},
                {"detail", refusal.message}},
               refusal.status);
}

Headers security_headers() {
  Headers headers;
  headers.add("Content-Security-Policy",
              "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; "
              "frame-ancestors 'none'");
  headers.add("X-Content-Type-Options", "nosniff");
  headers.add("Referrer-Policy", "no-referrer");
  headers.add("Cross-Origin-Resource-Policy", "same-origin");
  headers.add("Cache-Control", "no-store");
  return headers;
}

}  // namespace latentdial::server
