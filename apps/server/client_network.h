#pragma once

#include <boost/asio/ip/address.hpp>
#include <string>

namespace latentdial::server {

/// What is counted as one client: an IPv4 address, however it is written, or the /64 of an IPv6 one, which is
/// what one customer gets, as "2001:db8:0:1::/64"; a neighbour on the link by itself. Empty for this
/// machine's own: "127.0.0.1", "::1".
[[nodiscard]] std::string network_of(const boost::asio::ip::address& address);
/// The same of a text; one that is not an address stays as it is.
[[nodiscard]] std::string network_of(const std::string& address);

}  // namespace latentdial::server
