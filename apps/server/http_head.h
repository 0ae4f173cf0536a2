#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "http_limits.h"
#include "http_message.h"

namespace latentdial::server {

/// Finds where a request's head ends, as its bytes come in. It takes what RFC 9112 allows and nothing else:
/// lines end with CR LF, values are not folded, no blank stands before a colon, no control character within.
class HeadScanner {
 public:
  explicit HeadScanner(const HttpLimits& limits) : limits_(limits) {}

  enum class State { incomplete, whole, refused };
  /// Looks at all bytes that have come since the head began; each call has those of the last, and more.
  [[nodiscard]] State scan(std::string_view received);
  /// Of a whole head, with its blank line.
  [[nodiscard]] std::size_t size() const { return scanned_; }
  [[nodiscard]] const Refusal& refusal() const { return refusal_; }

 private:
  [[nodiscard]] State refuse(int status, const char* message);
  [[nodiscard]] State refuse_unfinished(std::size_t bytes);

  const HttpLimits& limits_;
  std::size_t scanned_ = 0;  // Up to the line that has not come whole.
  std::size_t searched_ = 0;
  std::size_t lines_ = 0;
  Refusal refusal_;
};

/// What a head says.
struct Head {
  HttpRequest request;  ///< Without its body.
  bool http_1_0 = false;
  bool keep_alive = true;
  bool expects_continue = false;
  std::optional<std::uint64_t> body_bytes;  ///< None: the head does not say it.
  bool in_chunks = false;

  /// Whether bytes may follow that belong to this request.
  [[nodiscard]] bool may_have_body() const;
};

/// Reads a head that the scanner found whole. Refused is what leaves in doubt where the body ends, or what
/// is asked of whom.
[[nodiscard]] std::variant<Head, Refusal> parse_head(std::string_view head);

/// Why the body that a head announces is not read; nothing: it is.
[[nodiscard]] std::optional<Refusal> refuse_body(const Head& head, const HttpLimits& limits);

/// "%41" → "A"; what is no such triple stays. `plus_is_blank` as in queries.
[[nodiscard]] std::string decode_percent(std::string_view text, bool plus_is_blank);

}  // namespace latentdial::server
