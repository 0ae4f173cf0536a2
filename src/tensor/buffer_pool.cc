#include "tensor/buffer_pool.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <map>
#include <mutex>
#include <new>
#include <set>
#include <utility>

namespace latentdial::detail {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kPage = 1u << 12;
constexpr std::size_t kHugePage = 1u << 21;
constexpr std::size_t kPooledFrom = 1u << 16;
constexpr std::size_t kSmallestSlab = 8u << 20;

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kPools = false;  // Separate allocations let the sanitizer see an overrun.
#else
constexpr bool kPools = true;
#endif

std::size_t round_up(std::size_t bytes, std::size_t step) {
  return (bytes + step - 1) / step * step;
}

std::byte* allocate(std::size_t bytes, std::size_t alignment) {
  auto* memory = static_cast<std::byte*>(std::aligned_alloc(alignment, round_up(bytes, alignment)));
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

/// Slabs of system memory cut into buffers: the smallest free range that fits is used, and neighbouring free
/// ranges become one again.
class Arena {
 public:
  std::byte* take(std::size_t bytes) {
    const std::scoped_lock lock(mutex_);
    auto found = by_size_.lower_bound({bytes, nullptr});
    if (found == by_size_.end()) {
      grow(bytes);
      found = by_size_.lower_bound({bytes, nullptr});
    }
    const auto [size, start] = *found;
    remove_free(start, size);
    if (size > bytes) add_free(start + bytes, size - bytes);
    return start;
  }

  void give_back(std::byte* start, std::size_t bytes) {
    const std::scoped_lock lock(mutex_);
    auto next = free_.lower_bound(start);
    if (next != free_.end() && start + bytes == next->first && !slabs_.contains(next->first)) {
      bytes += next->second;
      remove_free(next->first, next->second);
    }
    const auto after = free_.lower_bound(start);
    if (after != free_.begin() && !slabs_.contains(start)) {
      const auto [before, size] = *std::prev(after);
      if (before + size == start) {
        remove_free(before, size);
        start = before;
        bytes += size;
      }
    }
    add_free(start, bytes);
  }

  void release_idle() {
    const std::scoped_lock lock(mutex_);
    release_free_ranges();
  }

 private:
  void grow(std::size_t bytes) {
    release_free_ranges();  // None of them was large enough.
    const auto size = std::max(kSmallestSlab, round_up(bytes, kHugePage));
    auto* slab = allocate(size, kHugePage);
    // Huge pages spare the faults of first use and the look-ups of strided reading.
    ::madvise(slab, size, MADV_HUGEPAGE);
    slabs_.emplace(slab, size);
    add_free(slab, size);
  }

  void release_free_ranges() {
    std::erase_if(slabs_, [this](const auto& slab) {
      const auto found = free_.find(slab.first);
      if (found == free_.end() || found->second != slab.second) return false;
      remove_free(slab.first, slab.second);
      std::free(slab.first);
      return true;
    });
    // What is left stands beside a buffer in its slab, a weight mostly: its pages go, its addresses stay.
    for (const auto& [start, size] : free_) ::madvise(start, size, MADV_DONTNEED);
  }

  void add_free(std::byte* start, std::size_t size) {
    free_.emplace(start, size);
    by_size_.emplace(size, start);
  }
  void remove_free(std::byte* start, std::size_t size) {
    free_.erase(start);
    by_size_.erase({size, start});
  }

  std::mutex mutex_;
  std::map<std::byte*, std::size_t> slabs_;
  std::map<std::byte*, std::size_t> free_;
  std::set<std::pair<std::size_t, std::byte*>> by_size_;
};

// Never destroyed: tensors in static storage may outlive any other order of destruction.
Arena& arena() {
  static auto* instance = new Arena;
  return *instance;
}

}  // namespace

std::shared_ptr<std::byte> pooled_buffer(std::size_t bytes) {
  if (!kPools || bytes < kPooledFrom) {
    return {allocate(std::max(bytes, kAlignment), kAlignment), [](std::byte* p) { std::free(p); }};
  }
  const auto rounded = round_up(bytes, kPage);
  return {arena().take(rounded), [rounded](std::byte* p) { arena().give_back(p, rounded); }};
}

void release_idle_buffers() {
  arena().release_idle();
}

}  // namespace latentdial::detail
