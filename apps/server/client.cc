#include "client.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "http.h"
#include "listener.h"

namespace latentdial::server {
namespace {

constexpr std::size_t kLongestAddress = 64;
constexpr std::size_t kNetworkBytes = 8;  // Of an IPv6 address: what one customer gets.
constexpr const char* kThisMachine = "this machine";

/// "" where the proxy names nobody.
std::string forwarded_address(const httplib::Request& request) {
  const auto count = request.get_header_value_count("X-Forwarded-For");
  std::string text = count == 0 ? "" : request.get_header_value("X-Forwarded-For", count - 1);
  text.erase(0, text.rfind(',') + 1);
  text.erase(0, text.find_first_not_of(" \t"));
  text.erase(text.find_last_not_of(" \t") + 1);
  return text;
}

std::string written(int family, const void* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(family, address, text.data(), text.size());
  return text.data();
}

}  // namespace

std::string network_of(const std::string& address) {
  in6_addr v6{};
  if (inet_pton(AF_INET6, address.c_str(), &v6) != 1)  // Plain IPv4, a name, or one with a zone.
    return is_own_address(address) ? kThisMachine : address;
  if (IN6_IS_ADDR_V4MAPPED(&v6)) return network_of(written(AF_INET, v6.s6_addr + 12));
  if (IN6_IS_ADDR_LOOPBACK(&v6)) return kThisMachine;
  if (IN6_IS_ADDR_LINKLOCAL(&v6)) return written(AF_INET6, &v6);
  std::fill(v6.s6_addr + kNetworkBytes, std::end(v6.s6_addr), 0);
  return written(AF_INET6, &v6) + "/64";
}

std::string address_of(const httplib::Request& request, bool behind_proxy) {
  std::string address = behind_proxy ? forwarded_address(request) : request.remote_addr;
  if (address.empty()) return "a client that the proxy does not name";
  address.resize(std::min(address.size(), kLongestAddress));
  std::ranges::replace_if(
      address, [](unsigned char c) { return c <= ' ' || c > '~'; }, '?');
  return address;
}

Client client_of(const Context& context, const httplib::Request& request) {
  const std::string address = context.behind_proxy ? forwarded_address(request) : request.remote_addr;
  const std::string network = network_of(address);
  const std::size_t key = context.keys.find(request.get_header_value("Authorization")).value_or(0);
  return {fmt::format("{} {}", key, network), network != kThisMachine};
}

}  // namespace latentdial::server
