#pragma once

#include <httplib.h>

namespace latentdial::server {

/// The socket that a request came by. httplib does not hand it out, but a handler runs while its own is open.
class Connection {
 public:
  explicit Connection(const httplib::Request& request);
  /// Whether the client has hung up.
  [[nodiscard]] bool closed() const;

 private:
  int socket_ = -1;
};

}  // namespace latentdial::server
