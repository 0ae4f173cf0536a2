#include "connection_table.h"

#include <vector>

#include "http_connection.h"

namespace latentdial::server {

bool ConnectionTable::make_room(const std::string& network) {
  const bool own = network.empty();
  const auto found = counts_.find(network);
  if (!own && found != counts_.end() && found->second >= limits_.per_network) return false;
  const auto own_count = counts_.find("");
  const std::size_t others = entries_.size() - (own_count == counts_.end() ? 0 : own_count->second);
  if (!own && others + limits_.own_places >= limits_.connections && !close_longest_waiting(false))
    return false;
  return entries_.size() < limits_.connections || close_longest_waiting(own);
}

bool ConnectionTable::close_longest_waiting(bool own_too) {
  const Entry* longest = nullptr;
  for (const auto& [key, entry] : entries_) {
    if (!entry.connection->waits() || (entry.network.empty() && !own_too)) continue;
    if (longest == nullptr || entry.connection->waits_since() < longest->connection->waits_since())
      longest = &entry;
  }
  if (longest == nullptr) return false;
  const std::shared_ptr<Connection> connection = longest->connection;
  remove(connection.get());
  connection->close();
  return true;
}

void ConnectionTable::add(const std::shared_ptr<Connection>& connection, const std::string& network) {
  ++counts_[network];
  entries_.emplace(connection.get(), Entry{connection, network});
}

void ConnectionTable::remove(const Connection* connection) {
  const auto found = entries_.find(connection);
  if (found == entries_.end()) return;
  const auto count = counts_.find(found->second.network);
  if (--count->second == 0) counts_.erase(count);
  entries_.erase(found);
}

void ConnectionTable::for_each(const std::function<void(Connection&)>& act) const {
  std::vector<std::shared_ptr<Connection>> connections;
  for (const auto& [key, entry] : entries_) connections.push_back(entry.connection);
  for (const auto& connection : connections) act(*connection);
}

}  // namespace latentdial::server
