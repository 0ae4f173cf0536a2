#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "latentdial/error.h"
#include "latentdial/export.h"

namespace latentdial {

/// What a JSON text may ask for besides memory in proportion to its length.
struct JsonLimits {
  std::size_t spare = 1 << 20;  ///< Bytes of memory, beside eight times the text.
  std::size_t names = 1024;     ///< Names in one object: an ordered one compares each with all others.
  std::size_t most = std::numeric_limits<std::size_t>::max();  ///< Bytes of memory in all, without the text.
};

/// Levels of arrays and objects that a JSON text may have: what is read is copied and written by recursion.
inline constexpr std::size_t kDeepestJson = 64;

/// Counts what is made of a JSON text and throws invalid_input, without the text's name, once it is too much.
class LATENTDIAL_API JsonBounds {
 public:
  JsonBounds(std::size_t text_bytes, const JsonLimits& limits);

  void enter();
  void leave() { --depth_; }
  void add_value();
  void add_string(std::size_t bytes);
  /// `names` are in the object already.
  void add_name(std::size_t names, std::size_t bytes);
  [[noreturn]] static void refuse_name(std::string_view given_twice);
  /// `byte` is the last that was read, 1 the first; a text of several lines has the line named too.
  [[noreturn]] static void refuse_text(std::string_view text, std::size_t byte, bool number_out_of_range);

 private:
  void spend(std::size_t bytes);

  std::size_t left_, most_names_;
  std::size_t depth_ = 0;
};

namespace detail {

/// Puts a Json together from what nlohmann's parser finds; each function is one of its events.
template <class Json>
class JsonBuilder {
 public:
  /// `text`, which must outlive this, is what the events come from.
  JsonBuilder(std::string_view text, const JsonLimits& limits) : text_(text), bounds_(text.size(), limits) {}

  [[nodiscard]] Json take() { return std::move(root_); }

  bool null() { return add(nullptr); }
  bool boolean(bool value) { return add(value); }
  bool number_integer(std::int64_t value) { return add(value); }
  bool number_unsigned(std::uint64_t value) { return add(value); }
  bool number_float(double value, const std::string&) { return add(value); }
  bool string(std::string& text) {
    bounds_.add_string(text.size());
    return add(Json(std::move(text)));  // The parser's own copy, which it needs no more.
  }
  bool binary(typename Json::binary_t&) { return false; }

  bool start_object(std::size_t) { return open(Json::object()); }
  bool start_array(std::size_t) { return open(Json::array()); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool key(std::string& name) {
    auto& object = open_.back()->template get_ref<typename Json::object_t&>();
    bounds_.add_name(object.size(), name.size());
    const auto [member, fresh] = object.emplace(name, nullptr);
    if (!fresh) JsonBounds::refuse_name(name);
    member_ = &member->second;
    return true;
  }

  bool parse_error(std::size_t byte, const std::string&, const typename Json::exception& error) {
    constexpr int kOutOfRange = 406;
    JsonBounds::refuse_text(text_, byte, error.id == kOutOfRange);
  }

 private:
  Json& put(Json value) {
    bounds_.add_value();
    if (open_.empty()) return root_ = std::move(value);
    if (open_.back()->is_object()) return *member_ = std::move(value);
    return open_.back()->template get_ref<typename Json::array_t&>().emplace_back(std::move(value));
  }
  bool add(Json value) {
    put(std::move(value));
    return true;
  }
  bool open(Json value) {
    bounds_.enter();
    open_.push_back(&put(std::move(value)));
    return true;
  }
  bool close() {
    bounds_.leave();
    open_.pop_back();
    return true;
  }

  std::string_view text_;
  JsonBounds bounds_;
  Json root_;
  std::vector<Json*> open_;  // A container does not move while one within it is open.
  Json* member_ = nullptr;
};

}  // namespace detail

/// Reads a JSON text from outside; `Json` is nlohmann::json or nlohmann::ordered_json. Reading takes memory
/// of at most eight times the text, the text among it, and `limits.spare`. Throws invalid_input for what is
/// no JSON, has more than kDeepestJson levels, gives a name twice in one object or costs more; the message
/// goes on after the text's name: "is not valid JSON (at byte 7)".
template <class Json>
[[nodiscard]] Json parse_json(std::string_view text, const JsonLimits& limits = {}) {
  detail::JsonBuilder<Json> builder(text, limits);
  Json::sax_parse(text, &builder);
  return builder.take();
}

/// The same; nothing for what parse_json refuses.
template <class Json>
[[nodiscard]] std::optional<Json> try_parse_json(std::string_view text, const JsonLimits& limits = {}) {
  try {
    return parse_json<Json>(text, limits);
  } catch (const Error&) {
    return std::nullopt;
  }
}

/// A JSON value written on one line; bytes of its texts that are no UTF-8 become U+FFFD.
template <class Json>
[[nodiscard]] std::string json_line(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace latentdial
