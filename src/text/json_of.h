#pragma once

#include <nlohmann/json.hpp>
#include <optional>

namespace latentdial::detail {

/// A value as JSON: null for one that is not set.
template <class T>
[[nodiscard]] nlohmann::json json_of(const T& field) {
  return field;
}
template <class T>
[[nodiscard]] nlohmann::json json_of(const std::optional<T>& field) {
  return field ? nlohmann::json(*field) : nlohmann::json();
}

}  // namespace latentdial::detail
