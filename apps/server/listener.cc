#include "listener.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>

#include "latentdial/text.h"

namespace latentdial::server {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr int kStopCheckMilliseconds = 100;

thread_local int current_socket = -1;

using NameOf = int (*)(int, sockaddr*, socklen_t*);

/// Numeric address and port of one end; nothing when the connection is gone.
void read_end(socket_t socket, NameOf name_of, std::string& address, int& port) {
  sockaddr_storage end{};
  socklen_t size = sizeof end;
  char host[NI_MAXHOST], service[NI_MAXSERV];
  if (name_of(socket, reinterpret_cast<sockaddr*>(&end), &size) != 0 ||
      getnameinfo(reinterpret_cast<sockaddr*>(&end), size, host, sizeof host, service, sizeof service,
                  NI_NUMERICHOST | NI_NUMERICSERV) != 0)
    return;
  address = host;
  port = std::atoi(service);
}

bool wait_for(socket_t socket, short event, int milliseconds) {
  pollfd entry{socket, event, 0};
  int ready = 0;
  do {
    ready = poll(&entry, 1, milliseconds);
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

bool is_connected(socket_t socket) {
  char byte = 0;
  const auto count = recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return count > 0 || (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR));
}

/// A connection whose requests have to come in time.
class TimedStream : public httplib::Stream {
 public:
  explicit TimedStream(socket_t socket) : socket_(socket) {}

  void begin_request() {
    began_ = Clock::now();
    received_ = 0;
    unread_.reset();
  }
  /// `bytes` as the headers tell them; none where they do not tell plainly where the body ends.
  void begin_body(std::optional<std::uint64_t> bytes) { unread_ = bytes; }
  /// Reads what a refusal left of the body, or its bytes would be taken for the next request. False where
  /// nobody can say where that begins.
  bool skip_body() {
    std::array<char, 4096> skipped;
    while (unread_ && *unread_ > 0) {
      if (read(skipped.data(), std::min<std::uint64_t>(skipped.size(), *unread_)) <= 0) return false;
    }
    return unread_.has_value();
  }
  /// Closing while bytes still come would take the answer from the client.
  void linger() {
    shutdown(socket_, SHUT_WR);
    const auto until = Clock::now() + std::chrono::seconds(Listener::kLingerSeconds);
    while (Clock::now() < until && wait_for(socket_, POLLIN, kStopCheckMilliseconds) &&
           recv(socket_, buffer_.data(), buffer_.size(), 0) > 0) {
    }
  }
  /// Bytes of the next request that came with the last one.
  [[nodiscard]] bool has_buffered() const { return next_ < filled_; }
  /// Whether a request did not come whole.
  [[nodiscard]] bool failed() const { return failed_; }

  [[nodiscard]] bool is_readable() const override {
    return has_buffered() || wait_for(socket_, POLLIN, milliseconds_left());
  }
  [[nodiscard]] bool is_writable() const override {
    return wait_for(socket_, POLLOUT, Listener::kPatienceSeconds * 1000) && is_connected(socket_);
  }
  ssize_t read(char* to, std::size_t size) override {
    if (!has_buffered() && !fill()) return failed_ ? -1 : 0;
    const std::size_t count = std::min(size, filled_ - next_);
    std::memcpy(to, buffer_.data() + next_, count);
    next_ += count;
    if (unread_) *unread_ -= std::min<std::uint64_t>(*unread_, count);
    return static_cast<ssize_t>(count);
  }
  ssize_t write(const char* from, std::size_t size) override {
    return wait_for(socket_, POLLOUT, Listener::kPatienceSeconds * 1000)
               ? send(socket_, from, size, MSG_NOSIGNAL)
               : -1;
  }
  void get_remote_ip_and_port(std::string& address, int& port) const override {
    read_end(socket_, getpeername, address, port);
  }
  void get_local_ip_and_port(std::string& address, int& port) const override {
    read_end(socket_, getsockname, address, port);
  }
  [[nodiscard]] socket_t socket() const override { return socket_; }

 private:
  [[nodiscard]] int milliseconds_left() const {
    const Seconds allowed(Listener::kRequestSeconds +
                          static_cast<double>(received_) / Listener::kSlowestBytesPerSecond);
    const Seconds left =
        std::min<Seconds>(allowed - (Clock::now() - began_), Seconds(Listener::kPatienceSeconds));
    return std::max(0, static_cast<int>(left.count() * 1000));
  }
  bool fill() {
    ssize_t count = -1;
    if (wait_for(socket_, POLLIN, milliseconds_left()))
      count = recv(socket_, buffer_.data(), buffer_.size(), 0);
    failed_ = count < 0;
    next_ = 0;
    filled_ = static_cast<std::size_t>(std::max<ssize_t>(count, 0));
    received_ += filled_;
    return filled_ > 0;
  }

  socket_t socket_;
  std::array<char, 16384> buffer_{};
  std::size_t next_ = 0, filled_ = 0;
  Clock::time_point began_ = Clock::now();
  std::uint64_t received_ = 0;
  bool failed_ = false;
  std::optional<std::uint64_t> unread_;  // Of the body.
};

/// The body's length where one header says it, and none that it comes in chunks.
std::optional<std::uint64_t> body_bytes(const httplib::Request& request) {
  if (request.has_header("Transfer-Encoding")) return std::nullopt;
  if (!request.has_header("Content-Length")) return 0;
  const std::string text = request.get_header_value("Content-Length");
  std::uint64_t bytes = 0;
  return read_number(text, bytes) && request.get_header_value_count("Content-Length") == 1
             ? std::optional(bytes)
             : std::nullopt;
}

/// Makes the answer say that the connection ends with it.
void end_connection_after(httplib::Request& request) {
  request.headers.erase("Connection");
  request.set_header("Connection", "close");
}

}  // namespace

bool is_own_address(const std::string& address) {
  return address == "::1" || address.starts_with("127.") || address.starts_with("::ffff:127.");
}

bool Listener::client_is_gone() {
  return current_socket >= 0 && !is_connected(current_socket);
}

bool Listener::process_and_close_socket(socket_t socket) {
  std::string address;
  int port = 0;
  read_end(socket, getpeername, address, port);
  const bool counted = !is_own_address(address);
  bool taken = true;
  if (counted) {
    const std::lock_guard lock(mutex_);
    taken = ++connections_[address] <= kConnectionsPerAddress;
  }
  if (taken) serve(socket);
  shutdown(socket, SHUT_RDWR);
  close(socket);
  if (counted) {
    const std::lock_guard lock(mutex_);
    if (--connections_[address] == 0) connections_.erase(address);
  }
  return taken;
}

/// Whether the next request begins before the connection has been idle for too long.
bool Listener::wait_for_request(socket_t socket) const {
  const auto until = Clock::now() + std::chrono::seconds(kIdleSeconds);
  while (svr_sock_ != INVALID_SOCKET && Clock::now() < until) {
    if (wait_for(socket, POLLIN, kStopCheckMilliseconds)) return true;
  }
  return false;
}

void Listener::serve(socket_t socket) {
  TimedStream stream(socket);
  current_socket = socket;
  for (int left = kRequestsPerConnection; left > 0; --left) {
    if (!stream.has_buffered() && !wait_for_request(socket)) break;
    stream.begin_request();
    bool closed = false;
    const bool answered = process_request(stream, left == 1, closed, [&stream](httplib::Request& request) {
      const auto bytes = body_bytes(request);
      stream.begin_body(bytes);
      if (!bytes) end_connection_after(request);
    });
    if (!answered || stream.failed()) break;
    if (!stream.skip_body()) {
      stream.linger();
      break;
    }
    if (closed) break;
  }
  current_socket = -1;
}

}  // namespace latentdial::server
