#include "client.h"

#include <fmt/format.h>

#include <algorithm>

#include "client_network.h"
#include "http.h"

namespace latentdial::server {
namespace {

constexpr std::size_t kLongestAddress = 64;

/// "" where the proxy names nobody.
std::string asking_address(const HttpRequest& request, bool behind_proxy) {
  if (!behind_proxy) return request.address;
  std::string text = request.headers.last("X-Forwarded-For");
  text.erase(0, text.rfind(',') + 1);
  text.erase(0, text.find_first_not_of(" \t"));
  text.erase(text.find_last_not_of(" \t") + 1);
  return text;
}

}  // namespace

std::string address_of(const HttpRequest& request, bool behind_proxy) {
  std::string address = asking_address(request, behind_proxy);
  if (address.empty()) return "a client that the proxy does not name";
  address.resize(std::min(address.size(), kLongestAddress));
  std::ranges::replace_if(
      address, [](unsigned char c) { return c <= ' ' || c > '~'; }, '?');
  return address;
}

Client client_of(const Context& context, const HttpRequest& request) {
  const std::string address = asking_address(request, context.behind_proxy);
  const std::string network = network_of(address);
  const bool is_own = network.empty() && !address.empty();
  const std::size_t key = context.keys.find(request.headers.get("Authorization")).value_or(0);
  return {fmt::format("{} {}", key, network), !is_own};
}

}  // namespace latentdial::server
