#include "http_connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <type_traits>
#include <utility>

namespace latentdial::server {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kPiece = 4 << 10;
constexpr std::size_t kBodyPiece = 16 << 10;
constexpr const char* kBusy = "this server holds as much of others' requests as it can; try again";

/// Does the work on a thread of the pool, and lets go of what it holds before the result is told.
template <class Work>
asio::awaitable<std::invoke_result_t<Work&>> in_pool(asio::thread_pool& pool, Work work) {
  using Result = std::invoke_result_t<Work&>;
  auto task = [&work]() -> asio::awaitable<Result> {
    Work mine = std::move(work);
    co_return mine();
  };
  co_return co_await asio::co_spawn(pool, std::move(task), asio::use_awaitable);
}

}  // namespace

Connection::Connection(asio::ip::tcp::socket socket, std::string address, Shared& shared)
    : shared_(shared),
      address_(std::move(address)),
      wire_(std::move(socket), shared.limits),
      received_share_(shared.heads),
      left_(shared.limits.requests_per_connection),
      bell_(wire_.executor()) {}

Shared::Shared(const Site& its_site, const HttpLimits& its_limits, asio::thread_pool& its_pool)
    : site(its_site), limits(its_limits), pool(its_pool) {
  for (const auto& [name, value] : site.always) always += fmt::format("{}: {}\r\n", name, value);
}

asio::awaitable<void> Connection::run() {
  const auto self = shared_from_this();
  while (co_await serve_one()) {
  }
  waits_ = true;
  wire_.close();
}

void Connection::close() {
  wire_.close();
  gone_ = true;
  bell_.cancel();
}

/// From now on, which is returned, the connection may be closed for another one.
Clock::time_point Connection::wait_for_client() {
  waits_ = true;
  waits_since_ = Clock::now();
  return waits_since_;
}

asio::awaitable<bool> Connection::serve_one() {
  Outcome outcome = co_await read_head();
  if (std::holds_alternative<Gone>(outcome)) co_return false;
  without_body_ = false;
  keeps_ = false;
  if (const auto* refusal = std::get_if<Refusal>(&outcome)) co_return co_await refuse(*refusal);
  Head head = std::move(std::get<Head>(outcome));
  head.request.address = address_;
  without_body_ = head.request.method == "HEAD";
  keeps_ = head.keep_alive && --left_ > 0 && !shared_.stopping;
  const bool http_1_0 = head.http_1_0;
  const Router::Route* route = nullptr;
  if (std::optional<HttpResponse> answer = refused(head, route, head.request)) {
    keeps_ = keeps_ && !head.may_have_body();
    co_return co_await send(std::move(*answer));
  }
  auto whole = co_await read_body(std::move(head));
  if (std::holds_alternative<Gone>(whole)) co_return false;
  if (const auto* refusal = std::get_if<Refusal>(&whole)) co_return co_await refuse(*refusal);
  co_return co_await handle(*route, std::move(std::get<HttpRequest>(whole)), http_1_0);
}

asio::awaitable<Connection::Outcome> Connection::read_head() {
  wait_for_client();
  HeadScanner scanner(shared_.limits);
  std::array<char, kPiece> piece;
  std::optional<Clock::time_point> began;
  while (true) {
    if (received_.starts_with("\r\n") && scanner.size() == 0) drop(2);  // Some send it behind a body.
    if (!received_.empty() && !began) began = Clock::now();
    const auto state = scanner.scan(received_);
    if (state == HeadScanner::State::refused) co_return scanner.refusal();
    if (state == HeadScanner::State::whole) break;
    const auto until = began
                           ? std::min(*began + shared_.limits.request, Clock::now() + shared_.limits.patience)
                           : waits_since_ + shared_.limits.idle;
    const std::size_t count = co_await wire_.read(piece.data(), piece.size(), until);
    if (count == 0) co_return Gone{};
    if (!keep({piece.data(), count})) co_return Refusal{503, kBusy};
  }
  waits_ = false;
  auto parsed = parse_head(std::string_view(received_).substr(0, scanner.size()));
  drop(scanner.size());
  if (auto* refusal = std::get_if<Refusal>(&parsed)) co_return std::move(*refusal);
  co_return std::move(std::get<Head>(parsed));
}

/// An answer to what is not handled; else the request's route is set.
std::optional<HttpResponse> Connection::refused(const Head& head, const Router::Route*& route,
                                                HttpRequest& request) {
  const Site& site = shared_.site;
  if (auto answer = site.guard(request)) return answer;
  route = site.router.find(request);
  if (route == nullptr) {
    const std::string allowed = site.router.allowed_methods(request.path);
    if (allowed.empty())
      return site.refuse({404, fmt::format("{} {}: there is nothing here", request.method, request.path)});
    HttpResponse response =
        site.refuse({405, fmt::format("{} {}: only {} here", request.method, request.path, allowed)});
    response.headers.add("Allow", allowed);
    return response;
  }
  if (const auto refusal = refuse_body(head, shared_.limits)) return site.refuse(*refusal);
  return std::nullopt;
}

asio::awaitable<std::variant<Connection::Gone, Refusal, HttpRequest>> Connection::read_body(Head head) {
  HttpRequest request = std::move(head.request);
  const auto bytes = static_cast<std::size_t>(head.body_bytes.value_or(0));
  if (bytes == 0) co_return std::move(request);
  if (head.expects_continue && received_.empty() &&
      !co_await wire_.write("HTTP/1.1 100 Continue\r\n\r\n", ""))
    co_return Gone{};
  const auto share = std::make_shared<MemoryShare>(shared_.bodies);
  const auto piece = std::make_unique<std::array<char, kBodyPiece>>();
  const auto began = wait_for_client();
  request.body.reserve(bytes);  // Takes no memory before it is filled.
  request.body.append(received_, 0, bytes);
  drop(request.body.size());
  while (request.body.size() < bytes) {
    const std::size_t size = std::min(piece->size(), bytes - request.body.size());
    if (!share->grow_to(request.body.size() + size)) co_return Refusal{503, kBusy};
    const auto until = deadline(began, request.body.size(), shared_.limits);
    const std::size_t count = co_await wire_.read(piece->data(), size, until);
    if (count == 0) co_return Gone{};
    request.body.append(piece->data(), count);
  }
  waits_ = false;
  request.body_share = share;
  co_return std::move(request);
}

asio::awaitable<bool> Connection::handle(const Router::Route& route, HttpRequest request, bool http_1_0) {
  Answer answer;
  if (route.quick) {
    answer = route.handler(request);
  } else {
    auto work = [&route, request = std::move(request)]() mutable { return route.handler(request); };
    answer = co_await in_pool(shared_.pool, std::move(work));
  }
  if (auto* stream = std::get_if<Stream>(&answer))
    co_return co_await send_stream(std::move(*stream), http_1_0);
  if (auto* pending = std::get_if<Pending>(&answer)) co_return co_await send_later(std::move(*pending));
  co_return co_await send(std::move(std::get<HttpResponse>(answer)));
}

asio::awaitable<bool> Connection::refuse(Refusal refusal) {
  HttpResponse response = shared_.site.refuse(refusal);
  if (refusal.status == 503) response.headers.add("Retry-After", "5");
  keeps_ = false;
  co_return co_await send(std::move(response));
}

asio::awaitable<bool> Connection::send(HttpResponse response) {
  const std::string length = fmt::format("Content-Length: {}\r\n", response.body.size());
  const std::string head = head_of(response, other_headers(length));
  const bool sent = co_await wire_.write(head, without_body_ ? std::string_view() : response.body);
  co_return co_await end_of_answer(sent);
}

/// Whether another request may follow.
asio::awaitable<bool> Connection::end_of_answer(bool sent) {
  if (!sent || keeps_) co_return sent;
  wait_for_client();
  co_await wire_.linger();
  co_return false;
}

asio::awaitable<bool> Connection::send_later(Pending pending) {
  watch_client();
  pending.start(waker());
  std::optional<HttpResponse> response;
  while (!gone_ && !response) {
    co_await wait_for_wake();
    if (!gone_) response = co_await in_pool(shared_.pool, [&pending] { return pending.answer(); });
  }
  wire_.stop_watching();
  pending = {};
  if (!response) co_return false;
  co_return co_await send(std::move(*response));
}

asio::awaitable<bool> Connection::send_stream(Stream stream, bool http_1_0) {
  HttpResponse response;
  response.type = stream.type;
  keeps_ = keeps_ && !http_1_0;  // Where there are no chunks, the end of the connection is that of the body.
  const std::string head = head_of(response, other_headers(http_1_0 ? "" : "Transfer-Encoding: chunked\r\n"));
  watch_client();
  stream.start(waker());
  bool sent = co_await wire_.write(head, "");
  Stream::Piece piece;
  while (sent && !piece.last) {
    co_await wait_for_wake();
    if (gone_) break;
    piece = co_await in_pool(shared_.pool, [&stream] { return stream.next(); });
    if (!http_1_0) piece.bytes = in_chunks(piece);
    sent = co_await wire_.write(piece.bytes, "");
  }
  wire_.stop_watching();
  stream = {};
  if (!sent || !piece.last) co_return false;
  co_return co_await end_of_answer(true);
}

asio::awaitable<void> Connection::wait_for_wake() {
  while (!woken_ && !gone_) {
    bell_.expires_at(Clock::time_point::max());
    co_await bell_.async_wait(asio::experimental::as_tuple(asio::use_awaitable));
  }
  woken_ = false;
}

/// What comes meanwhile is kept for its turn; who sends too much ahead is ended like who hangs up.
void Connection::watch_client() {
  woken_ = true;
  wire_.watch(
      [this](std::string_view bytes) {
        if (received_.size() + bytes.size() <= shared_.limits.head_bytes && keep(bytes)) return true;
        close();
        return false;
      },
      [this] {
        gone_ = true;
        bell_.cancel();
      });
}

Wake Connection::waker() {
  return [executor = bell_.get_executor(), weak = weak_from_this()] {
    asio::post(executor, [weak] {
      const auto self = weak.lock();
      if (!self) return;
      self->woken_ = true;
      self->bell_.cancel();
    });
  };
}

/// False where others hold all the memory that there is for it.
bool Connection::keep(std::string_view bytes) {
  const std::size_t size = received_.size() + bytes.size();
  if (size > received_.capacity()) {
    const std::size_t wanted = std::max(size, 2 * received_.capacity());
    if (wanted > kPiece && !received_share_.grow_to(wanted)) return false;
    received_.reserve(wanted);
  }
  received_ += bytes;
  return true;
}

void Connection::drop(std::size_t bytes) {
  received_.erase(0, bytes);
  if (received_.size() > kPiece || received_.capacity() <= kPiece) return;
  received_ = std::string(received_);
  received_share_.shrink_to(0);
}

/// The headers that do not come from what is answered. `length` is the one that says where the body ends.
std::string Connection::other_headers(std::string_view length) const {
  const HttpLimits& limits = shared_.limits;
  const std::string kept =
      fmt::format("Keep-Alive: timeout={}, max={}\r\n", limits.idle.count(), limits.requests_per_connection);
  return fmt::format("{}{}{}", shared_.always, keeps_ ? kept : "Connection: close\r\n", length);
}

}  // namespace latentdial::server
