#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "http_limits.h"

namespace latentdial::server {

class Connection;

/// The connections that are held. Of one thread.
class ConnectionTable {
 public:
  explicit ConnectionTable(const HttpLimits& limits) : limits_(limits) {}

  /// Whether there is a place for one more of this network ("": this machine's own). Where all are taken,
  /// the one that waits for its next request the longest is closed for it.
  [[nodiscard]] bool make_room(const std::string& network);
  void add(const std::shared_ptr<Connection>& connection, const std::string& network);
  void remove(const Connection* connection);
  void for_each(const std::function<void(Connection&)>& act) const;
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::shared_ptr<Connection> connection;
    std::string network;
  };
  [[nodiscard]] bool close_longest_waiting(bool own_too);

  const HttpLimits& limits_;
  std::map<const Connection*, Entry> entries_;
  std::map<std::string, std::size_t> counts_;  // By network.
};

}  // namespace latentdial::server
