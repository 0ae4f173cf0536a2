#include "tensor/buffer_pool.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <vector>

namespace latentdial::detail {
namespace {

constexpr std::size_t kPage = 1u << 12, kLarge = 32u << 20, kSmall = 1u << 16;

/// How many bytes of a part of the address space are in memory.
std::size_t resident(std::byte* start, std::size_t bytes) {
  std::vector<unsigned char> pages(bytes / kPage);
  if (::mincore(start, bytes, pages.data()) != 0) return 0;  // It is no longer mapped.
  return kPage * static_cast<std::size_t>(std::ranges::count_if(pages, [](auto page) { return page & 1; }));
}

TEST(BufferPool, GivesBackWhatLiesBesideABuffer) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "buffers are allocated one by one";
#endif
  std::shared_ptr<std::byte> large = pooled_buffer(kLarge);
  std::byte* const start = large.get();
  std::memset(start, 1, kLarge);
  large.reset();
  const std::shared_ptr<std::byte> small = pooled_buffer(kSmall);  // At the beginning of what is free now.
  ASSERT_EQ(small.get(), start);
  std::memset(small.get(), 2, kSmall);
  EXPECT_GT(resident(start, kLarge), kLarge / 2);
  release_idle_buffers();
  EXPECT_EQ(resident(start, kLarge), kSmall);
  EXPECT_EQ(std::to_integer<int>(small.get()[kSmall - 1]), 2);
  large = pooled_buffer(kLarge - kSmall);
  EXPECT_EQ(large.get(), start + kSmall) << "the rest of the slab can be used again";
  std::memset(large.get(), 3, kLarge - kSmall);
  EXPECT_EQ(std::to_integer<int>(small.get()[kSmall - 1]), 2);
}

}  // namespace
}  // namespace latentdial::detail
