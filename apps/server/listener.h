#pragma once

#include <httplib.h>

#include <map>
#include <mutex>
#include <string>

namespace latentdial::server {

/// httplib's server with what it lacks: a request must come whole in time, however slowly its bytes drip, no
/// address but this machine's own may hold more than `kConnectionsPerAddress` connections, and nothing that
/// was sent as a body is ever read as a request.
class Listener : public httplib::Server {
 public:
  static constexpr int kConnectionsPerAddress = 32;
  static constexpr int kRequestSeconds = 20;               ///< For the headers, and for a body besides:
  static constexpr double kSlowestBytesPerSecond = 65536;  ///< what it may take at this rate.
  static constexpr int kPatienceSeconds = 10;              ///< For one byte, either way.
  static constexpr int kIdleSeconds = 2;                   ///< Between two requests of a connection.
  static constexpr int kRequestsPerConnection = 100;
  static constexpr int kLingerSeconds = 1;  ///< For what a client still sends after its refusal.

  /// Whether the client whose request this thread handles has hung up.
  [[nodiscard]] static bool client_is_gone();

 private:
  bool process_and_close_socket(socket_t socket) override;
  void serve(socket_t socket);
  [[nodiscard]] bool wait_for_request(socket_t socket) const;

  std::mutex mutex_;
  std::map<std::string, int> connections_;  // By address.
};

/// Of a numeric address, whether a machine reaches itself by it: "127.0.0.1", "::1".
[[nodiscard]] bool is_own_address(const std::string& address);

}  // namespace latentdial::server
