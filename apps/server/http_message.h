#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace latentdial::server {

/// Whether both are equal but for the case of ASCII letters.
[[nodiscard]] bool equal_without_case(std::string_view a, std::string_view b);

/// A header's value, or a part of it, without the blanks around it.
[[nodiscard]] std::string_view without_blanks(std::string_view text);

/// The headers of a message, in order. Names are compared without case.
class Headers {
 public:
  void add(std::string name, std::string value) { list_.emplace_back(std::move(name), std::move(value)); }
  [[nodiscard]] bool has(std::string_view name) const { return count(name) > 0; }
  [[nodiscard]] std::size_t count(std::string_view name) const;
  /// The first value of that name; "" for none.
  [[nodiscard]] std::string get(std::string_view name) const;
  /// The last one.
  [[nodiscard]] std::string last(std::string_view name) const;
  [[nodiscard]] auto begin() const { return list_.begin(); }
  [[nodiscard]] auto end() const { return list_.end(); }

 private:
  std::vector<std::pair<std::string, std::string>> list_;
};

/// A request that has come whole.
struct HttpRequest {
  std::string method;
  std::string path;                               ///< Decoded, without the query.
  std::multimap<std::string, std::string> query;  ///< Decoded.
  std::map<std::string, std::string> named;       ///< What the path names, by the route's own words.
  Headers headers;
  std::string body;
  std::string address;               ///< Numeric, of the other end.
  std::shared_ptr<void> body_share;  ///< Gives the body's memory back to those of other requests.

  /// The first value of a query's key; "" for none.
  [[nodiscard]] std::string query_value(const std::string& key) const;
};

/// An answer that is there. Its body may be owned by somebody else.
struct HttpResponse {
  int status = 200;
  Headers headers;
  std::string type;  ///< Of the body.
  std::string_view body;
  std::shared_ptr<const void> owner;  ///< Keeps `body`; null where it lives as long as the program.
};

/// An answer whose body is kept by nobody else.
[[nodiscard]] HttpResponse make_response(std::string type, std::string body, int status = 200);

/// The head that a response is sent with. `others` are the lines of further headers, each with its end.
[[nodiscard]] std::string head_of(const HttpResponse& response, std::string_view others);

/// Tells a connection that it may go on. Callable from any thread, at any time.
using Wake = std::function<void()>;

/// An answer that comes later. A connection calls its functions one at a time, and lets it go when it has the
/// answer, or when the client has hung up.
struct Pending {
  std::function<void(Wake)> start;                      ///< Called once, first.
  std::function<std::optional<HttpResponse>()> answer;  ///< Asked then and after each wake; none: not yet.
};

/// An answer that is sent piece by piece. It is let go after the last one, or when the client has hung up.
struct Stream {
  struct Piece {
    std::string bytes;
    bool last = false;
  };
  std::string type;
  std::function<void(Wake)> start;
  std::function<Piece()> next;  ///< What there is to send since; asked at the start and after each wake.
};

/// The piece as a chunk of a body whose length is not known beforehand; the last one ends it.
[[nodiscard]] std::string in_chunks(const Stream::Piece& piece);

using Answer = std::variant<HttpResponse, Pending, Stream>;
/// Called on a thread of the pool. Throws nothing.
using Handler = std::function<Answer(HttpRequest&)>;

/// Why a request is not taken.
struct Refusal {
  int status = 400;
  std::string message;
};

}  // namespace latentdial::server
