#pragma once

#include <chrono>
#include <cstddef>

namespace latentdial::server {

/// What a connection may send, hold and take its time for.
struct HttpLimits {
  std::size_t request_line_bytes = 8 << 10;
  std::size_t head_bytes = 64 << 10;  ///< Of a request line and its headers; also what is sent ahead.
  std::size_t head_lines = 100;
  std::size_t body_bytes = 64 << 20;
  std::size_t all_heads_bytes = 8 << 20;   ///< Of heads that have come in part, but for those within 4 KiB.
  std::size_t all_bodies_bytes = 1 << 30;  ///< Of bodies that are held at the same time.

  std::size_t connections = 1024;
  std::size_t own_places = 32;   ///< Of them, kept for this machine's own programs.
  std::size_t per_network = 32;  ///< Of one IPv4 address or one IPv6 /64, but for this machine's own.
  int requests_per_connection = 100;

  std::chrono::seconds idle{2};         ///< Between two requests of a connection.
  std::chrono::seconds patience{10};    ///< For one byte, either way.
  std::chrono::seconds request{20};     ///< For a whole head, and for a body or an answer besides
  double bytes_per_second = 64 << 10;   ///< what it takes at this rate,
  std::chrono::seconds longest{600};    ///< but no longer than this.
  std::chrono::seconds linger{2};       ///< For what a client still sends after its refusal,
  std::size_t linger_bytes = 64 << 20;  ///< and for so much of it.
  std::chrono::seconds farewell{5};     ///< For answers under way when the server stops.
};

}  // namespace latentdial::server
