#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace latentdial::server {

using Json = nlohmann::ordered_json;

/// Longer texts are pictures in base64 or nothing that is asked for.
inline constexpr std::size_t kLongestText = 1 << 20;

/// A request's JSON. Its long texts are apart, read as base64 where they stood, since JSON's reader would
/// hold each three times; a short mark stands in the place of each.
class Body {
 public:
  Body() = default;
  explicit Body(Json object) : json(std::move(object)) {}

  /// Reads a JSON object. Throws invalid_input for what is none.
  [[nodiscard]] static Body parse(std::string text);

  /// The bytes that a value says in base64, moved from here where it is a long one. Throws invalid_input of
  /// `key`.
  [[nodiscard]] std::string take_bytes(const std::string& key, const Json& value);
  /// Whether a value stands for a long text.
  [[nodiscard]] bool is_long(const Json& value) const { return long_text(value).has_value(); }
  /// Other JSON with the long texts of this one, which has them no more.
  [[nodiscard]] Body with(Json other) {
    Body body(std::move(other));
    body.long_texts_ = std::move(long_texts_);
    return body;
  }

  Json json = Json::object();

 private:
  [[nodiscard]] std::optional<std::size_t> long_text(const Json& value) const;
  void take_long_texts(std::string& text);
  std::string take_long_text(char* begin, char* end);

  std::vector<std::optional<std::string>> long_texts_;  // Decoded; nothing for what is no base64.
};

}  // namespace latentdial::server
