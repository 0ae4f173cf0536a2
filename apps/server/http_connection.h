#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "http_head.h"
#include "http_limits.h"
#include "http_message.h"
#include "memory_budget.h"
#include "router.h"
#include "wire.h"

namespace latentdial::server {

/// What connections ask of the server behind them.
struct Site {
  Router router;
  /// An answer to who may not ask. Called before a byte of the body is read.
  std::function<std::optional<HttpResponse>(const HttpRequest&)> guard;
  /// A refusal in words that every client reads.
  std::function<HttpResponse(const Refusal&)> refuse;
  Headers always;  ///< Of every answer.
};

/// What connections share.
struct Shared {
  Shared(const Site& its_site, const HttpLimits& its_limits, boost::asio::thread_pool& its_pool);

  const Site& site;
  const HttpLimits& limits;
  boost::asio::thread_pool& pool;  ///< Where handlers run.
  MemoryBudget heads{limits.all_heads_bytes};
  MemoryBudget bodies{limits.all_bodies_bytes};
  std::string always;  ///< The site's headers, as they are sent.
  bool stopping = false;
};

/// One client's connection: its requests are read, handled and answered one after the other. All but the
/// handlers runs on the thread of its executor, which waits for nothing.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(boost::asio::ip::tcp::socket socket, std::string address, Shared& shared);

  /// Until the client or the server ends it.
  [[nodiscard]] boost::asio::awaitable<void> run();
  /// Whether it is the client's turn, to send its request or to hang up, and since when.
  [[nodiscard]] bool waits() const { return waits_; }
  [[nodiscard]] Clock::time_point waits_since() const { return waits_since_; }
  void close();

 private:
  struct Gone {};
  using Outcome = std::variant<Gone, Refusal, Head>;

  // Whether another request may follow:
  [[nodiscard]] boost::asio::awaitable<bool> serve_one();
  [[nodiscard]] boost::asio::awaitable<Outcome> read_head();
  [[nodiscard]] boost::asio::awaitable<std::variant<Gone, Refusal, HttpRequest>> read_body(Head head);
  [[nodiscard]] std::optional<HttpResponse> refused(const Head& head, const Router::Route*& route,
                                                    HttpRequest& request);
  [[nodiscard]] boost::asio::awaitable<bool> handle(const Router::Route& route, HttpRequest request,
                                                    bool http_1_0);
  [[nodiscard]] boost::asio::awaitable<bool> refuse(Refusal refusal);
  [[nodiscard]] boost::asio::awaitable<bool> send(HttpResponse response);
  [[nodiscard]] boost::asio::awaitable<bool> end_of_answer(bool sent);
  [[nodiscard]] boost::asio::awaitable<bool> send_later(Pending pending);
  [[nodiscard]] boost::asio::awaitable<bool> send_stream(Stream stream, bool http_1_0);
  [[nodiscard]] boost::asio::awaitable<void> wait_for_wake();
  [[nodiscard]] bool keep(std::string_view bytes);
  void drop(std::size_t bytes);
  void watch_client();
  [[nodiscard]] Wake waker();
  [[nodiscard]] std::string other_headers(std::string_view length) const;
  Clock::time_point wait_for_client();

  Shared& shared_;
  const std::string address_;
  Wire wire_;
  std::string received_;  // What was not used yet.
  MemoryShare received_share_;
  int left_;  // Requests.
  bool keeps_ = true;
  bool without_body_ = false;  // The answer to HEAD.
  bool waits_ = true;
  Clock::time_point waits_since_ = Clock::now();
  boost::asio::steady_timer bell_;
  bool woken_ = false, gone_ = false;
};

}  // namespace latentdial::server
