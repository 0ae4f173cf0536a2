#pragma once

#include <functional>
#include <optional>
#include <string>

#include "http_message.h"
#include "keys.h"

namespace latentdial::server {

/// Writes one line down, for who keeps the server. Called on any thread.
using Log = std::function<void(const std::string& line)>;

/// An answer to who may not ask; nothing for who may.
using Guard = std::function<std::optional<HttpResponse>(const HttpRequest& request)>;

/// Every request must carry one of the keys, where there are any. Without them, only this machine's own names
/// are taken as Host. Either way a page of another origin is refused, and what it loads without saying its
/// origin, so that no web site can drive the server through its visitor's browser. Wrong keys are logged,
/// with their clients' addresses. `keys` must live as long as the guard.
[[nodiscard]] Guard make_guard(const Keys& keys, bool behind_proxy, const Log& log);

/// A refusal in one shape that readers of all three APIs find their message in.
[[nodiscard]] HttpResponse refusal_response(const Refusal& refusal);

/// What tells browsers to keep the page and its answers to themselves.
[[nodiscard]] Headers security_headers();

}  // namespace latentdial::server
