#pragma once

#include <httplib.h>

#include <functional>
#include <string>

#include "keys.h"

namespace latentdial::server {

/// Writes one line down, for who keeps the server.
using Log = std::function<void(const std::string& line)>;

/// Who may ask. Every request must carry one of the keys, where there are any. Without them, only this
/// machine's own names are taken as Host. What a page of another origin makes its visitor's browser ask is
/// refused, so that no web site can drive the server. Wrong keys are logged, with their clients' addresses.
void add_guard(httplib::Server& server, const Keys& keys, bool behind_proxy, const Log& log);

}  // namespace latentdial::server
