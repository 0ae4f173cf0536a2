#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace latentdial::server {

/// The keys of a server; without any, everybody who can reach it may ask.
class Keys {
 public:
  static constexpr std::size_t kShortestForOthers = 16;  ///< Characters, where others can try.

  Keys() = default;
  /// `key` unless it is empty, and the keys in `file` unless that is empty: one a line, lines that are empty
  /// or begin with # left out. Throws invalid_input of "api_key_file" for a file that others may read, one
  /// without a key, and keys that a header cannot hold.
  Keys(const std::string& key, const std::string& file);

  [[nodiscard]] bool empty() const { return keys_.empty(); }
  /// Of the shortest one.
  [[nodiscard]] std::size_t shortest() const;
  /// Which of them an Authorization header carries, as "Bearer KEY" or as the password of a Basic login, in a
  /// time that does not tell how much of which key is right.
  [[nodiscard]] std::optional<std::size_t> find(const std::string& authorization) const;

 private:
  std::vector<std::string> keys_;
};

/// Keeps the memory of this process out of core dumps, and from debuggers of the same account.
void keep_memory_private();

}  // namespace latentdial::server
