// Connections: what a client sends on one, as bytes (a first byte that is even) or as requests made of the
// words of HTTP (odd).
#include <fuzzer/FuzzedDataProvider.h>
#include <poll.h>
#include <sanitizer/allocator_interface.h>
#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <ctime>

#include "http_connection.h"
#include "latentdial/error.h"
#include "multipart.h"

namespace {

using namespace latentdial::server;

constexpr std::clock_t kMostTime = 2 * CLOCKS_PER_SEC;  // Of the processor, under the sanitizers.
constexpr std::size_t kHeldAtMost = 1024 * 1024;        // Besides what the client sent.

Pending later() {
  Pending pending;
  const auto asked = std::make_shared<int>(0);
  pending.start = [](const Wake& wake) { wake(); };
  pending.answer = [asked]() -> std::optional<HttpResponse> {
    if (++*asked == 1) return std::nullopt;
    return make_response("text/plain", "later");
  };
  return pending;
}

Stream stream() {
  Stream stream;
  stream.type = "text/event-stream";
  const auto wakes = std::make_shared<Wake>();
  stream.start = [wakes](Wake wake) { *wakes = std::move(wake); };
  stream.next = [wakes, sent = 0]() mutable {
    (*wakes)();
    return Stream::Piece{sent == 1 ? "" : "data: a\n\n", ++sent == 3};
  };
  return stream;
}

Site make_site() {
  Site site;
  site.always.add("X-Always", "yes");
  site.guard = [](const HttpRequest& request) -> std::optional<HttpResponse> {
    if (request.headers.get("Authorization") == "no") return make_response("text/plain", "no key", 401);
    return std::nullopt;
  };
  site.refuse = [](const Refusal& refusal) {
    if (refusal.message.empty() || refusal.status < 400) std::abort();
    return make_response("text/plain", refusal.message, refusal.status);
  };
  site.router.get("/", [](const HttpRequest&) { return make_response("text/plain", "page"); });
  site.router.get("/jobs/{id:hex}/{index:number}.png", [](const HttpRequest& request) {
    return make_response("text/plain", request.named.at("id"));
  });
  site.router.post("/body", [](const HttpRequest& request) {
    if (std::to_string(request.body.size()) !=
        std::to_string(std::stoull(request.headers.get("Content-Length"))))
      std::abort();
    return make_response("text/plain", request.body);
  });
  site.router.post("/form", [](const HttpRequest& request) {
    try {
      for (const Part& part : read_form(request))
        if (part.content.size() + part.name.size() > request.body.size()) std::abort();
    } catch (const latentdial::Error& error) {
      return make_response("text/plain", error.what(), 400);
    }
    return make_response("text/plain", "form");
  });
  site.router.post("/later", [](const HttpRequest&) { return later(); });
  site.router.post("/stream", [](const HttpRequest&) { return stream(); });
  return site;
}

const char* pick(FuzzedDataProvider& data, std::initializer_list<const char*> words) {
  return words.begin()[data.ConsumeIntegralInRange<std::size_t>(0, words.size() - 1)];
}

std::string header(FuzzedDataProvider& data) {
  std::string text = pick(
      data, {"Content-Length", "content-length", "Transfer-Encoding", "Content-Encoding", "Connection",
             "Host", "Expect", "Authorization", "Content-Type", "Range", "X", "", " X", "Content-Length\r"});
  text += pick(data, {": ", ": ", ": ", ":", " : ", ":\r\n ", "\t:", ""});
  text += pick(data, {"0", "2", "5", "70000", "99999999999999999999", "+5", "0x5", "5, 5", "chunked",
                      "gzip, chunked", "identity", "gzip", "close", "keep-alive", "100-continue", "no",
                      "multipart/form-data; boundary=a", "bytes=0-,0-", "localhost"});
  if (data.ConsumeBool()) text += data.ConsumeRandomLengthString(16);
  return text + pick(data, {"\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r", "\0\r\n"});
}

std::string body(FuzzedDataProvider& data) {
  const std::string text = data.ConsumeRandomLengthString(64);
  switch (data.ConsumeIntegralInRange(0, 4)) {
    case 0:
      return "Content-Length: " + std::to_string(text.size()) + "\r\n\r\n" + text;
    case 1:
      return "Transfer-Encoding: chunked\r\n\r\n5\r\n" + text + "\r\n0\r\n\r\n";
    case 2: {
      const std::string form =
          "--a\r\nContent-Disposition: form-data; name=x\r\n\r\n" + text + "\r\n--a--\r\n";
      return "Content-Type: multipart/form-data; boundary=a\r\nContent-Length: " +
             std::to_string(form.size()) + "\r\n\r\n" + form;
    }
    case 3:
      return "X-Long: " + std::string(data.ConsumeIntegralInRange<std::size_t>(0, 70'000), 'a') + "\r\n\r\n" +
             text;
    default:
      return "\r\n" + text;
  }
}

std::string request(FuzzedDataProvider& data) {
  std::string text = pick(data, {"GET", "HEAD", "POST", "PUT", "DELETE", "TRACE", "QUERY", ""});
  text += pick(data, {" ", " ", "  ", "\t"});
  text += pick(data, {"/", "/body", "/form", "/later", "/stream", "/jobs/1f/2.png", "/?a=%41&b", "*",
                      "http://a/", "/nothing"});
  text += pick(data, {" HTTP/1.1", " HTTP/1.1", " HTTP/1.1", " HTTP/1.0", " HTTP/2.0", ""});
  text += pick(data, {"\r\nHost: a\r\n", "\r\nHost: a\r\n", "\r\n", "\n"});
  for (int left = data.ConsumeIntegralInRange(0, 4); left > 0; --left) text += header(data);
  return text + body(data);
}

std::string sent_bytes(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return "";
  if (data[0] % 2 == 0) return {reinterpret_cast<const char*>(data + 1), size - 1};
  FuzzedDataProvider provider(data + 1, size - 1);
  std::string all;
  while (provider.remaining_bytes() > 0 && all.size() < 200'000) all += request(provider);
  return all;
}

/// The other end, which sends all, says so, and reads.
class Client {
 public:
  Client(int socket, std::string bytes, std::size_t at_once)
      : socket_(socket), bytes_(std::move(bytes)), at_once_(at_once) {}

  void go_on() {
    if (sent_ < bytes_.size()) {
      const auto count = send(socket_, bytes_.data() + sent_, std::min(at_once_, bytes_.size() - sent_),
                              MSG_DONTWAIT | MSG_NOSIGNAL);
      if (count > 0) sent_ += static_cast<std::size_t>(count);
      if (count < 0 && errno == EPIPE) sent_ = bytes_.size();
    } else if (!ended_) {
      shutdown(socket_, SHUT_WR);
      ended_ = true;
    }
    char buffer[65536];
    for (ssize_t count = 1; count > 0;) {
      count = recv(socket_, buffer, sizeof buffer, MSG_DONTWAIT);
      if (count > 0 && received_.size() < 64) received_.append(buffer, static_cast<std::size_t>(count));
    }
  }
  [[nodiscard]] const std::string& received() const { return received_; }

 private:
  int socket_;
  std::string bytes_, received_;
  std::size_t at_once_, sent_ = 0;
  bool ended_ = false;
};

void require(bool true_, const char* what) {
  if (true_) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

void talk(Shared& shared, boost::asio::io_context& io, const std::string& bytes, std::size_t at_once) {
  int ends[2];
  require(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "no pair of sockets");
  boost::asio::ip::tcp::socket socket(io);
  socket.assign(boost::asio::ip::tcp::v4(), ends[0]);
  Client client(ends[1], bytes, at_once);
  const std::size_t before = __sanitizer_get_current_allocated_bytes();
  const std::clock_t began = std::clock();
  bool ended = false;
  {
    const auto connection = std::make_shared<Connection>(std::move(socket), "127.0.0.1", shared);
    boost::asio::co_spawn(io, connection->run(), [&ended](const std::exception_ptr& thrown) {
      require(thrown == nullptr, "a connection threw");
      ended = true;
    });
    io.restart();
    while (!ended) {
      client.go_on();
      if (io.poll() == 0) io.run_one_for(std::chrono::milliseconds(1));
      require(__sanitizer_get_current_allocated_bytes() < before + bytes.size() + kHeldAtMost,
              "too much memory");
      require(std::clock() - began < kMostTime, "too much time");
    }
  }
  client.go_on();
  io.poll();
  close(ends[1]);
  require(client.received().empty() || client.received().starts_with("HTTP/1.1 "), "no answer of HTTP");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Site site = make_site();
  static const HttpLimits limits = [] {
    HttpLimits small;
    small.body_bytes = small.all_bodies_bytes = 256 << 10;
    return small;
  }();
  static boost::asio::io_context io(1);  // It outlives what the pool's thread has just told it.
  static boost::asio::thread_pool pool(1);
  static Shared shared(site, limits, pool);
  const std::size_t at_once = size > 0 && data[0] % 4 < 2 ? 65536 : 97;
  talk(shared, io, sent_bytes(data, size), at_once);
  require(shared.heads.left() == limits.all_heads_bytes, "memory of heads is lost");
  require(shared.bodies.left() == limits.all_bodies_bytes, "memory of bodies is lost");
  return 0;
}
