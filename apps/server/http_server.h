#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <string>
#include <thread>

#include "connection_table.h"
#include "http_connection.h"
#include "http_limits.h"

namespace latentdial::server {

/// Listens and holds the connections. One thread does all that waits: for clients, their bytes, their time;
/// a few others do what handlers compute.
class HttpServer {
 public:
  HttpServer(Site site, HttpLimits limits);
  /// Stops.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Returns the port; 0 asks for any that is free. Throws boost::system::system_error.
  int listen(const std::string& host, int port);
  void start();
  /// Takes no more requests, sends the answers that are under way, for a moment, and ends.
  void stop();

 private:
  [[nodiscard]] boost::asio::awaitable<void> accept();
  void take_waiting();
  void take(boost::asio::ip::tcp::socket socket);
  void begin_to_stop();
  void end_when_empty();

  const Site site_;
  const HttpLimits limits_;
  boost::asio::io_context io_{1};
  boost::asio::thread_pool pool_;
  Shared shared_;
  ConnectionTable table_;
  boost::asio::ip::tcp::acceptor acceptor_{io_};
  boost::asio::steady_timer farewell_{io_};
  std::thread thread_;
};

}  // namespace latentdial::server
