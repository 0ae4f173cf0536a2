#include "tensor/buffer_pool.h"

#include <cstdlib>
#include <map>
#include <mutex>
#include <new>
#include <vector>

namespace latentdial {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kPooledFrom = 1u << 16;

struct Pool {
  std::mutex mutex;
  std::multimap<std::size_t, std::byte*> idle;
};

// Never destroyed: tensors in static storage may outlive any other order of destruction.
Pool& pool() {
  static auto* instance = new Pool;
  return *instance;
}

std::byte* take_idle(std::size_t bytes) {
  const std::scoped_lock lock(pool().mutex);
  const auto found = pool().idle.find(bytes);
  if (found == pool().idle.end()) return nullptr;
  auto* memory = found->second;
  pool().idle.erase(found);
  return memory;
}

}  // namespace

std::shared_ptr<std::byte> pooled_buffer(std::size_t bytes) {
  const std::size_t rounded =
      (bytes + kAlignment - 1) / kAlignment * kAlignment + (bytes == 0 ? kAlignment : 0);
  if (rounded < kPooledFrom) {
    auto* memory = static_cast<std::byte*>(std::aligned_alloc(kAlignment, rounded));
    if (memory == nullptr) throw std::bad_alloc();
    return {memory, [](std::byte* p) { std::free(p); }};
  }
  auto* memory = take_idle(rounded);
  if (memory == nullptr) memory = static_cast<std::byte*>(std::aligned_alloc(kAlignment, rounded));
  if (memory == nullptr) throw std::bad_alloc();
  return {memory, [rounded](std::byte* p) {
            const std::scoped_lock lock(pool().mutex);
            pool().idle.emplace(rounded, p);
          }};
}

void release_idle_buffers() {
  const std::scoped_lock lock(pool().mutex);
  for (const auto& [bytes, memory] : pool().idle) std::free(memory);
  pool().idle.clear();
}

}  // namespace latentdial
