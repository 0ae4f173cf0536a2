// Places and memory that clients share: none takes all of them.
#include <gtest/gtest.h>
#include <poll.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <string>
#include <thread>
#include <vector>

#include "client_network.h"
#include "connection_table.h"
#include "http_connection.h"
#include "http_server.h"
#include "memory_budget.h"

namespace latentdial::server {
namespace {

using boost::asio::ip::tcp;
using namespace std::chrono_literals;

TEST(NetworkOf, IsAnIpv4AddressOrTheSlash64OfAnIpv6One) {
  EXPECT_EQ(network_of(std::string("203.0.113.7")), "203.0.113.7");
  EXPECT_EQ(network_of(std::string("::ffff:203.0.113.7")), "203.0.113.7");
  EXPECT_EQ(network_of(std::string("2001:db8:1:2:3:4:5:6")), "2001:db8:1:2::/64");
  EXPECT_EQ(network_of(std::string("2001:db8:1:2:ffff::1")), "2001:db8:1:2::/64");
  EXPECT_NE(network_of(std::string("2001:db8:1:3::1")), network_of(std::string("2001:db8:1:2::1")));
  for (const std::string own : {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"})
    EXPECT_EQ(network_of(own), "") << own;
  EXPECT_EQ(network_of(std::string("fe80::1")), "fe80::1");  // A neighbour on the link.
  EXPECT_EQ(network_of(std::string("2001:0DB8:0001:0002:0:0:0:9")), "2001:db8:1:2::/64");
  EXPECT_EQ(network_of(std::string("nobody")), "nobody");
}

TEST(MemoryBudget, IsGivenBackByWhoHadAShare) {
  MemoryBudget budget(100);
  {
    MemoryShare first(budget), second(budget);
    EXPECT_TRUE(first.grow_to(60));
    EXPECT_FALSE(second.grow_to(50));
    EXPECT_TRUE(second.grow_to(40));
    EXPECT_TRUE(second.grow_to(10));
    EXPECT_EQ(budget.left(), 0u);
    first.shrink_to(20);
    EXPECT_EQ(budget.left(), 40u);
  }
  EXPECT_EQ(budget.left(), 100u);
}

class ConnectionTableTest : public testing::Test {
 protected:
  ConnectionTableTest() {
    limits_.connections = 8;
    limits_.own_places = 2;
    limits_.per_network = 3;
  }
  bool connect(const std::string& network) {
    if (!table_.make_room(network)) return false;
    connections_.push_back(std::make_shared<Connection>(tcp::socket(io_), "", shared_));
    table_.add(connections_.back(), network);
    return true;
  }

  HttpLimits limits_;
  Site site_;
  boost::asio::io_context io_;
  boost::asio::thread_pool pool_{1};
  Shared shared_{site_, limits_, pool_};
  std::vector<std::shared_ptr<Connection>> connections_;
  ConnectionTable table_{limits_};
};

TEST_F(ConnectionTableTest, ANetworkHasSoManyPlaces) {
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(connect("203.0.113.7"));
  EXPECT_FALSE(connect("203.0.113.7"));
  EXPECT_TRUE(connect("203.0.113.8"));
  table_.remove(connections_.front().get());
  EXPECT_TRUE(connect("203.0.113.7"));
}

TEST_F(ConnectionTableTest, ThisMachinesOwnHasAllAndSomeForItself) {
  for (int i = 0; i < 12; ++i) EXPECT_TRUE(connect("203.0.113." + std::to_string(i)));
  EXPECT_EQ(table_.size(), 6u);  // Of the others.
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(connect(""));
  EXPECT_EQ(table_.size(), 8u);
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(connect(""));
  EXPECT_EQ(table_.size(), 8u);
}

TEST_F(ConnectionTableTest, TheOneThatWaitsTheLongestMakesRoom) {
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(connect(""));
  EXPECT_TRUE(connect(""));
  bool first_is_there = false;
  table_.for_each([&](Connection& held) { first_is_there |= &held == connections_.front().get(); });
  EXPECT_FALSE(first_is_there);
}

/// A server whose one handler tells the body's size, after a while.
class SmallServer {
 public:
  explicit SmallServer(HttpLimits limits) : server_(site(), limits), port_(server_.listen("127.0.0.1", 0)) {
    server_.start();
  }
  /// A request with so much of its body.
  tcp::socket begin(std::size_t announced, std::size_t sent, const std::string& path = "/") {
    tcp::socket socket(io_);
    socket.connect({boost::asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(port_)});
    const std::string head =
        "POST " + path +
        " HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: " + std::to_string(announced);
    boost::asio::write(socket, boost::asio::buffer(head + "\r\n\r\n" + std::string(sent, 'x')));
    return socket;
  }
  static std::string answer(tcp::socket& socket) {
    std::string text;
    boost::system::error_code error;
    boost::asio::read(socket, boost::asio::dynamic_buffer(text), error);
    return text;
  }

 private:
  static Site site() {
    Site site;
    site.guard = [](const HttpRequest&) { return std::nullopt; };
    site.refuse = [](const Refusal& refusal) {
      return make_response("text/plain", refusal.message, refusal.status);
    };
    site.router.post("/", [](const HttpRequest& request) {
      return make_response("text/plain", std::to_string(request.body.size()));
    });
    site.router.post("/echo", [](HttpRequest& request) { return make_response("text/plain", request.body); });
    return site;
  }

  boost::asio::io_context io_;
  HttpServer server_;
  int port_;
};

/// Waits until something has come on one of them; returns on how many.
int readable(std::vector<tcp::socket>& sockets) {
  std::vector<pollfd> entries;
  for (auto& socket : sockets) entries.push_back({socket.native_handle(), POLLIN, 0});
  return poll(entries.data(), entries.size(), 20'000);
}

TEST(HttpServer, HoldsSoMuchOfAllBodiesAndNoMore) {
  EXPECT_EQ(HttpLimits().all_bodies_bytes, std::size_t{1} << 30);
  HttpLimits limits;
  limits.all_bodies_bytes = 1 << 20;
  SmallServer server(limits);
  std::vector<tcp::socket> sockets;
  for (int i = 0; i < 4; ++i) sockets.push_back(server.begin(310'000, 300'000));
  EXPECT_EQ(readable(sockets), 1);  // The fourth that came, whichever that is.
  int whole = 0, refused = 0;
  for (auto& socket : sockets) {
    boost::system::error_code error;  // Of the one that is refused.
    boost::asio::write(socket, boost::asio::buffer(std::string(10'000, 'x')), error);
    const std::string text = SmallServer::answer(socket);
    whole += text.ends_with("310000") ? 1 : 0;
    refused += text.starts_with("HTTP/1.1 503") && text.find("Retry-After") != text.npos ? 1 : 0;
  }
  EXPECT_EQ(whole, 3);
  EXPECT_EQ(refused, 1);
  tcp::socket after = server.begin(1'000'000, 1'000'000);
  EXPECT_TRUE(SmallServer::answer(after).ends_with("1000000"));
}

TEST(HttpServer, EndsABodyThatComesTooSlowlyInAll) {
  HttpLimits limits;
  limits.request = 0s;
  limits.bytes_per_second = 1e9;
  SmallServer server(limits);
  tcp::socket slow = server.begin(1000, 10);
  EXPECT_EQ(SmallServer::answer(slow), "");
}

TEST(HttpServer, EndsAnAnswerThatNobodyReads) {
  HttpLimits limits;
  limits.patience = 3s;
  SmallServer server(limits);
  tcp::socket socket = server.begin(20'000'000, 20'000'000, "/echo");
  std::this_thread::sleep_for(6s);
  EXPECT_LT(SmallServer::answer(socket).size(), 20'000'000u);
}

TEST(Deadline, GivesTimeByWhatHasComeAndNoMoreThanInAll) {
  const HttpLimits limits;
  const auto now = Clock::now();
  EXPECT_GT(deadline(now, 0, limits), now + 9s);
  EXPECT_LT(deadline(now, 0, limits), now + 11s);                // Without a byte.
  EXPECT_EQ(deadline(now - 20s, 0, limits), now);                // In all.
  EXPECT_EQ(deadline(now - 25s, 10 * 65536, limits), now + 5s);  // At the least rate.
  EXPECT_EQ(deadline(now - 595s, 1 << 30, limits), now + 5s);
}

}  // namespace
}  // namespace latentdial::server
