#include "wire.h"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/experimental/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/buffers_prefix.hpp>
#include <boost/beast/core/buffers_suffix.hpp>
#include <memory>
#include <utility>

namespace latentdial::server {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;

constexpr auto kOutcome = asio::experimental::as_tuple(asio::use_awaitable);
constexpr std::size_t kPiece = 64 << 10;

}  // namespace

Clock::time_point deadline(Clock::time_point began, std::size_t bytes, const HttpLimits& limits) {
  const std::chrono::duration<double> at_rate(static_cast<double>(bytes) / limits.bytes_per_second);
  const auto allowed = std::chrono::duration_cast<Clock::duration>(at_rate) + limits.request;
  return std::min(began + std::min<Clock::duration>(allowed, limits.longest), Clock::now() + limits.patience);
}

Wire::Wire(asio::ip::tcp::socket socket, const HttpLimits& limits)
    : stream_(std::move(socket)), limits_(limits) {}

Wire::~Wire() {
  if (watch_) watch_->stopped = true;
}

asio::awaitable<std::size_t> Wire::read(char* to, std::size_t size, Clock::time_point until) {
  if (Clock::now() >= until) co_return 0;
  stream_.expires_at(until);
  const auto [error, count] = co_await stream_.async_read_some(asio::buffer(to, size), kOutcome);
  stream_.expires_never();
  co_return error ? 0 : count;
}

asio::awaitable<bool> Wire::write(std::string_view head, std::string_view body) {
  const std::array<asio::const_buffer, 2> all = {asio::buffer(head), asio::buffer(body)};
  beast::buffers_suffix<std::array<asio::const_buffer, 2>> left(all);
  const auto began = Clock::now();
  std::size_t written = 0;
  while (beast::buffer_bytes(left) > 0) {
    const auto until = deadline(began, written, limits_);
    if (Clock::now() >= until) co_return false;
    stream_.expires_at(until);
    const auto [error, count] =
        co_await stream_.async_write_some(beast::buffers_prefix(kPiece, left), kOutcome);
    stream_.expires_never();
    if (error) co_return false;
    left.consume(count);
    written += count;
  }
  co_return true;
}

asio::awaitable<void> Wire::linger() {
  beast::error_code error;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, error);
  const auto until = Clock::now() + limits_.linger;
  thread_local std::array<char, kPiece> skipped;  // Of all connections: nobody looks at it.
  for (std::size_t bytes = 0; bytes < limits_.linger_bytes;) {
    const std::size_t count = co_await read(skipped.data(), skipped.size(), until);
    if (count == 0) break;
    bytes += count;
  }
}

void Wire::close() {
  beast::error_code error;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_both, error);
  stream_.close();
}

void Wire::watch(std::function<bool(std::string_view)> on_bytes, std::function<void()> on_end) {
  beast::error_code error;
  stream_.socket().non_blocking(true, error);
  watch_ = std::make_shared<Watch>();
  watch_->on_bytes = std::move(on_bytes);
  watch_->on_end = std::move(on_end);
  go_on_watching(watch_);
}

void Wire::go_on_watching(std::shared_ptr<Watch> watch) {
  stream_.socket().async_wait(asio::ip::tcp::socket::wait_read, [this, watch](beast::error_code error) {
    if (watch->stopped) return;
    std::array<char, 4096> bytes;
    const std::size_t count = error ? 0 : stream_.socket().read_some(asio::buffer(bytes), error);
    if (error == asio::error::would_block || error == asio::error::interrupted) return go_on_watching(watch);
    if (count == 0) return watch->on_end();
    if (watch->on_bytes(std::string_view(bytes.data(), count))) go_on_watching(watch);
  });
}

void Wire::stop_watching() {
  if (!watch_) return;
  watch_->stopped = true;
  watch_ = nullptr;
  beast::error_code error;
  stream_.socket().cancel(error);
}

}  // namespace latentdial::server
