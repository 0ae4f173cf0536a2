#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

#include "http_limits.h"

namespace latentdial::server {

using Clock = std::chrono::steady_clock;

/// Until when so many bytes may take that began then, at the slowest rate that is allowed.
[[nodiscard]] Clock::time_point deadline(Clock::time_point began, std::size_t bytes,
                                         const HttpLimits& limits);

/// A connection's bytes, either way in time or not at all. Of one thread.
class Wire {
 public:
  Wire(boost::asio::ip::tcp::socket socket, const HttpLimits& limits);
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  /// Bytes that came; 0 where the client has closed, or none came until then.
  [[nodiscard]] boost::asio::awaitable<std::size_t> read(char* to, std::size_t size, Clock::time_point until);
  /// False where the client is gone, or takes them too slowly.
  [[nodiscard]] boost::asio::awaitable<bool> write(std::string_view head, std::string_view body);
  /// Ends the connection. What the client still sends is read for a moment, since closing while bytes come
  /// would take the answer from it.
  [[nodiscard]] boost::asio::awaitable<void> linger();
  void close();
  [[nodiscard]] boost::asio::any_io_executor executor() { return stream_.get_executor(); }

  /// Calls `on_bytes` with what comes, until it returns false, and `on_end` when the client hangs up; neither
  /// once the watching is stopped.
  void watch(std::function<bool(std::string_view)> on_bytes, std::function<void()> on_end);
  void stop_watching();

 private:
  struct Watch {
    std::function<bool(std::string_view)> on_bytes;
    std::function<void()> on_end;
    bool stopped = false;
  };
  void go_on_watching(std::shared_ptr<Watch> watch);

  boost::beast::tcp_stream stream_;
  const HttpLimits& limits_;
  std::shared_ptr<Watch> watch_;
};

}  // namespace latentdial::server
