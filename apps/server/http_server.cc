#include "http_server.h"

#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <memory>
#include <utility>

#include "client_network.h"

namespace latentdial::server {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr std::size_t kHandlerThreads = 4;
constexpr int kBacklog = 512;
constexpr auto kOutOfFiles = std::chrono::milliseconds(50);  // Until another connection may have ended.
constexpr std::size_t kOtherFiles = 128;

/// The limits with no more connections than this process may have files open, which is raised as far as it
/// goes.
HttpLimits within_open_files(HttpLimits limits) {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return limits;
  files.rlim_cur =
      std::min<rlim_t>(files.rlim_max, std::max<rlim_t>(files.rlim_cur, limits.connections + kOtherFiles));
  setrlimit(RLIMIT_NOFILE, &files);
  const std::size_t most = std::max<std::size_t>(files.rlim_cur, 2 * kOtherFiles) - kOtherFiles;
  limits.connections = std::min(limits.connections, most);
  return limits;
}

}  // namespace

HttpServer::HttpServer(Site site, HttpLimits limits)
    : site_(std::move(site)),
      limits_(within_open_files(limits)),
      pool_(kHandlerThreads),
      shared_(site_, limits_, pool_),
      table_(limits_) {}

HttpServer::~HttpServer() {
  stop();
}

int HttpServer::listen(const std::string& host, int port) {
  tcp::resolver resolver(io_);
  const tcp::endpoint endpoint =
      *resolver.resolve(host, std::to_string(port), tcp::resolver::passive).begin();
  acceptor_.open(endpoint.protocol());
  acceptor_.set_option(tcp::acceptor::reuse_address(true));
  acceptor_.bind(endpoint);
  acceptor_.listen(kBacklog);
  acceptor_.non_blocking(true);
  return acceptor_.local_endpoint().port();
}

void HttpServer::start() {
  asio::co_spawn(io_, accept(), asio::detached);
  thread_ = std::thread([this] { io_.run(); });
}

void HttpServer::stop() {
  if (!thread_.joinable()) return;
  asio::post(io_, [this] { begin_to_stop(); });
  thread_.join();
  pool_.join();
}

asio::awaitable<void> HttpServer::accept() {
  while (!shared_.stopping) {
    auto [error, socket] = co_await acceptor_.async_accept(asio::experimental::as_tuple(asio::use_awaitable));
    if (!error) {
      take(std::move(socket));
      take_waiting();
    } else if (!shared_.stopping) {
      asio::steady_timer timer(io_, kOutOfFiles);
      co_await timer.async_wait(asio::experimental::as_tuple(asio::use_awaitable));
    }
  }
}

/// Who waits besides: one at a time, they would wait for all that the others send ahead.
void HttpServer::take_waiting() {
  for (int left = kBacklog; left > 0; --left) {
    boost::system::error_code error;
    tcp::socket socket = acceptor_.accept(error);
    if (error) return;
    take(std::move(socket));
  }
}

void HttpServer::take(tcp::socket socket) {
  boost::system::error_code error;
  const tcp::endpoint client = socket.remote_endpoint(error);
  if (error) return;
  const std::string network = network_of(client.address());
  if (!table_.make_room(network)) return;
  socket.set_option(tcp::no_delay(true), error);
  const auto connection =
      std::make_shared<Connection>(std::move(socket), client.address().to_string(), shared_);
  table_.add(connection, network);
  asio::co_spawn(io_, connection->run(), [this, connection](const std::exception_ptr&) {
    table_.remove(connection.get());
    end_when_empty();
  });
}

void HttpServer::begin_to_stop() {
  shared_.stopping = true;
  acceptor_.close();
  table_.for_each([](Connection& connection) {
    if (connection.waits()) connection.close();
  });
  farewell_.expires_after(limits_.farewell);
  farewell_.async_wait([this](const boost::system::error_code& error) {
    if (!error) table_.for_each([](Connection& connection) { connection.close(); });
  });
  end_when_empty();
}

/// The thread ends when nothing is left to wait for.
void HttpServer::end_when_empty() {
  if (shared_.stopping && table_.size() == 0) farewell_.cancel();
}

}  // namespace latentdial::server
