#pragma once

#include <httplib.h>

#include <string>

namespace latentdial::server {

/// Who may ask. Every request must carry `api_key`, where there is one, as "Authorization: Bearer KEY" or as
/// the password of a Basic login. Without one, only this machine's own names are taken as Host, and a page of
/// another origin is refused, so that no web site can drive the server through its visitor's browser.
void add_guard(httplib::Server& server, const std::string& api_key);

/// Whether both are equal, in a time that does not tell where they differ.
[[nodiscard]] bool equal_in_constant_time(const std::string& a, const std::string& b);

}  // namespace latentdial::server
