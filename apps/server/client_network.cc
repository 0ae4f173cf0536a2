#include "client_network.h"

#include <algorithm>

namespace latentdial::server {

namespace ip = boost::asio::ip;

std::string network_of(const ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return network_of(ip::make_address_v4(ip::v4_mapped, address.to_v6()));
  if (address.is_loopback()) return "";
  if (address.is_v4() || address.to_v6().is_link_local()) return address.to_string();
  auto bytes = address.to_v6().to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
  return ip::address_v6(bytes).to_string() + "/64";
}

std::string network_of(const std::string& address) {
  boost::system::error_code error;
  const ip::address parsed = ip::make_address(address, error);
  return error ? address : network_of(parsed);
}

}  // namespace latentdial::server
