#pragma once

#include <string>

#include "http_message.h"

namespace latentdial::server {

struct Context;

/// Who asks. What one client has asked for is shown to no other and stopped by no other.
struct Client {
  std::string name;      ///< Tells clients apart: by the key that was used and the network.
  bool bounded = false;  ///< Whether it has a share of the queue; this machine's own programs have all of it.

  bool operator==(const Client&) const = default;
};

/// Of a request: by its key, and by the address that it came from; behind a proxy by the last one in
/// X-Forwarded-For, which the proxy has put there.
[[nodiscard]] Client client_of(const Context& context, const HttpRequest& request);

/// The address itself, for a log: at most 64 printable characters.
[[nodiscard]] std::string address_of(const HttpRequest& request, bool behind_proxy);

}  // namespace latentdial::server
