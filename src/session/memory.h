#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <utility>

namespace latentdial::detail {

/// The latest results of one kind of work, found again by what decides them. A value stays where it is until
/// `trim`.
template <class Key, class Value>
class Memory {
 public:
  /// At least `fewest` are kept, and more as long as they take less than `most_bytes` by `bytes_of`.
  explicit Memory(std::size_t fewest, std::size_t most_bytes = 0,
                  std::size_t (*bytes_of)(const Value&) = nullptr)
      : fewest_(fewest), most_bytes_(most_bytes), bytes_of_(bytes_of) {}

  /// Null where it is not known.
  [[nodiscard]] const Value* find(const Key& key) const {
    const auto found = std::ranges::find(entries_, key, &Entry::key);
    return found == entries_.end() ? nullptr : &found->value;
  }
  void keep(Key key, Value value) {
    std::erase_if(entries_, [&](const Entry& entry) { return entry.key == key; });
    entries_.push_front({std::move(key), std::move(value)});
  }
  /// Forgets the oldest.
  void trim() {
    std::size_t kept = 0, bytes = 0;
    while (kept < entries_.size() && (kept < fewest_ || bytes < most_bytes_)) {
      if (bytes_of_ != nullptr) bytes += bytes_of_(entries_[kept].value);
      ++kept;
    }
    entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(kept), entries_.end());
  }

 private:
  struct Entry {
    Key key;
    Value value;
  };
  std::size_t fewest_, most_bytes_;
  std::size_t (*bytes_of_)(const Value&);
  std::deque<Entry> entries_;
};

}  // namespace latentdial::detail
