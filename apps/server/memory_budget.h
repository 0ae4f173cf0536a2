#pragma once

#include <atomic>
#include <cstddef>

namespace latentdial::server {

/// Bytes that many holders share. Thread-safe.
class MemoryBudget {
 public:
  explicit MemoryBudget(std::size_t bytes) : left_(bytes) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  [[nodiscard]] std::size_t left() const { return left_; }

 private:
  friend class MemoryShare;
  std::atomic<std::size_t> left_;
};

/// What one holder has of a budget; it is given back with the holder.
class MemoryShare {
 public:
  explicit MemoryShare(MemoryBudget& budget) : budget_(budget) {}
  ~MemoryShare() { shrink_to(0); }
  MemoryShare(const MemoryShare&) = delete;
  MemoryShare& operator=(const MemoryShare&) = delete;

  /// False, and nothing is taken, where the budget has too little left.
  [[nodiscard]] bool grow_to(std::size_t bytes) {
    if (bytes <= bytes_) return true;
    const std::size_t more = bytes - bytes_;
    std::size_t left = budget_.left_;
    do {
      if (left < more) return false;
    } while (!budget_.left_.compare_exchange_weak(left, left - more));
    bytes_ = bytes;
    return true;
  }
  void shrink_to(std::size_t bytes) {
    if (bytes >= bytes_) return;
    budget_.left_ += bytes_ - bytes;
    bytes_ = bytes;
  }

 private:
  MemoryBudget& budget_;
  std::size_t bytes_ = 0;
};

}  // namespace latentdial::server
