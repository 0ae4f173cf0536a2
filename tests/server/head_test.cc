// Heads of requests: what is one, where it ends, what it says.
#include <gtest/gtest.h>

#include <string>

#include "http_head.h"

namespace latentdial::server {
namespace {

using State = HeadScanner::State;

const HttpLimits kLimits;
const std::string kHead =
    "GET /a%20b?x=1&y=%26+z&flag HTTP/1.1\r\nHost: localhost\r\nX-A: 1\r\nx-a:  2 \r\n\r\n";

TEST(HeadScanner, FindsTheSameEndHoweverTheBytesCome) {
  for (std::size_t step = 1; step <= kHead.size() + 4; ++step) {
    HeadScanner scanner(kLimits);
    const std::string all = kHead + "rest";
    for (std::size_t size = step;; size += step) {
      const State state = scanner.scan(std::string_view(all).substr(0, size));
      ASSERT_NE(state, State::refused);
      if (state == State::whole) break;
      ASSERT_LT(size, kHead.size());
    }
    EXPECT_EQ(scanner.size(), kHead.size());
  }
}

int status_of(const std::string& head) {
  HeadScanner scanner(kLimits);
  const State state = scanner.scan(head);
  return state == State::refused ? scanner.refusal().status : 0;
}

TEST(HeadScanner, RefusesBeforeMoreComesThanItTakes) {
  EXPECT_EQ(status_of(std::string(kLimits.request_line_bytes, 'a')), 0);
  EXPECT_EQ(status_of(std::string(kLimits.request_line_bytes + 1, 'a')), 414);
  const std::string line = "GET / HTTP/1.1\r\n";
  EXPECT_EQ(status_of(line + std::string(kLimits.head_bytes - line.size(), 'a')), 0);
  EXPECT_EQ(status_of(line + std::string(kLimits.head_bytes - line.size() + 1, 'a')), 431);
  std::string lines = line;
  for (std::size_t i = 0; i < kLimits.head_lines; ++i) lines += "a: b\r\n";
  EXPECT_EQ(status_of(lines), 0);
  EXPECT_EQ(status_of(lines + "a: b\r\n"), 431);
}

TEST(HeadScanner, RefusesALineAsSoonAsItHasCome) {
  for (const char* line :
       {"a : b\r\n", " a: b\r\n", "a\r\n", ": b\r\n", "a: b\n", "a: \x01\r\n", "a: b\rc\r\n"})
    EXPECT_EQ(status_of(std::string("GET / HTTP/1.1\r\n") + line), 400) << line;
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\na: \t\xc3\xa9\r\n"), 0);
}

Head head_of(const std::string& text) {
  const auto parsed = parse_head(text);
  const Head* head = std::get_if<Head>(&parsed);
  EXPECT_NE(head, nullptr) << text;
  return head == nullptr ? Head() : *head;
}

TEST(ParseHead, ReadsTargetAndHeaders) {
  const Head head = head_of(kHead);
  EXPECT_EQ(head.request.method, "GET");
  EXPECT_EQ(head.request.path, "/a b");
  EXPECT_EQ(head.request.query_value("x"), "1");
  EXPECT_EQ(head.request.query_value("y"), "& z");
  EXPECT_EQ(head.request.query.count("flag"), 1u);
  EXPECT_EQ(head.request.query_value("none"), "");
  EXPECT_EQ(head.request.headers.count("X-a"), 2u);
  EXPECT_EQ(head.request.headers.get("X-A"), "1");
  EXPECT_EQ(head.request.headers.last("X-A"), "2");
  EXPECT_TRUE(head.keep_alive);
  EXPECT_FALSE(head.may_have_body());
}

TEST(ParseHead, ReadsWhetherTheConnectionIsKept) {
  const auto keeps = [](const std::string& version, const std::string& header) {
    return head_of("GET / HTTP/" + version + "\r\nHost: a\r\n" + header + "\r\n").keep_alive;
  };
  EXPECT_TRUE(keeps("1.1", ""));
  EXPECT_FALSE(keeps("1.1", "Connection: Close\r\n"));
  EXPECT_FALSE(keeps("1.1", "Connection: TE,\tclose\r\n"));
  EXPECT_FALSE(keeps("1.0", ""));
  EXPECT_TRUE(keeps("1.0", "connection: Keep-Alive\r\n"));
}

int refused_body(const std::string& method, const std::string& headers) {
  const Head head = head_of(method + " / HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n");
  const auto refusal = refuse_body(head, kLimits);
  return refusal ? refusal->status : 0;
}

TEST(RefuseBody, TakesAPlainLengthAlone) {
  EXPECT_EQ(refused_body("POST", "Content-Length: 67108864\r\n"), 0);
  EXPECT_EQ(refused_body("POST", "Content-Length: 67108865\r\n"), 413);
  EXPECT_EQ(refused_body("POST", "Content-Length: 0\r\n"), 0);
  EXPECT_EQ(refused_body("POST", ""), 411);
  EXPECT_EQ(refused_body("DELETE", ""), 0);
  EXPECT_EQ(refused_body("GET", "Content-Length: 0\r\n"), 0);
  EXPECT_EQ(refused_body("GET", "Content-Length: 1\r\n"), 400);
  EXPECT_EQ(refused_body("POST", "Transfer-Encoding: chunked\r\n"), 411);
  EXPECT_EQ(refused_body("POST", "Content-Length: 1\r\nContent-Encoding: identity\r\n"), 0);
  EXPECT_EQ(refused_body("POST", "Content-Length: 1\r\nContent-Encoding: gzip\r\n"), 415);
}

TEST(DecodePercent, LeavesWhatIsNoTriple) {
  EXPECT_EQ(decode_percent("%41%zz%4%", false), "A%zz%4%");
  EXPECT_EQ(decode_percent("a+b", false), "a+b");
  EXPECT_EQ(decode_percent("a+b%2B", true), "a b+");
}

}  // namespace
}  // namespace latentdial::server
