#include "keys.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>

namespace latentdial::server {
namespace {

using Seconds = std::chrono::duration<double>;

Seconds time_of(const Keys& keys, const std::string& attempt) {
  const auto began = std::chrono::steady_clock::now();
  EXPECT_FALSE(keys.find(attempt));
  return std::chrono::steady_clock::now() - began;
}

// A comparison that ends at the first difference takes a hundred times as long for the second attempt. By
// turns, and the least of many: what the machine did besides is in neither.
TEST(Keys, AreComparedInATimeThatTellsNothing) {
  const std::string key(1 << 20, 'a');
  const Keys keys(key, "");
  std::string early = key, late = key;
  early.front() = 'b';
  late.back() = 'b';
  Seconds a{1e9}, b{1e9};
  for (int i = 0; i < 100; ++i) {
    a = std::min(a, time_of(keys, "Bearer " + early));
    b = std::min(b, time_of(keys, "Bearer " + late));
  }
  EXPECT_LT(std::max(a, b) / std::min(a, b), 3);
}

TEST(Keys, AreFoundWholeAlone) {
  const Keys keys("0123456789abcdef", "");
  EXPECT_TRUE(keys.find("Bearer 0123456789abcdef"));
  for (const char* attempt : {"Bearer 0123456789abcde", "Bearer 0123456789abcdef0",
                              "Bearer 0123456789abcdef0123456789abcdef", "Bearer ", "Bearer", ""})
    EXPECT_FALSE(keys.find(attempt)) << attempt;
}

}  // namespace
}  // namespace latentdial::server
