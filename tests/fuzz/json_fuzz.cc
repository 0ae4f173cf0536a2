// The one reader of JSON: what it takes is what nlohmann's own takes, with bounds on depth, values and
// memory.
#include <sanitizer/allocator_interface.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "latentdial/json.h"
#include "try_input.h"

namespace {

using namespace latentdial;

constexpr JsonLimits kLimits = {.spare = 4096, .names = 64};

template <class Json>
std::size_t depth_of(const Json& value) {
  std::size_t deepest = 0;
  for (const auto& part : value) deepest = std::max(deepest, value.is_structured() ? depth_of(part) : 0);
  return deepest + (value.is_structured() ? 1 : 0);
}

template <class Json>
std::size_t values_of(const Json& value) {
  std::size_t count = 1;
  if (value.is_structured())
    for (const auto& part : value) count += values_of(part);
  return count;
}

template <class Json>
void read(std::string_view text) {
  const std::size_t before = __sanitizer_get_current_allocated_bytes();
  const Json value = parse_json<Json>(text, kLimits);
  const std::size_t held = __sanitizer_get_current_allocated_bytes() - before;
  constexpr std::size_t kLeastOfAValue = 48;
  if (depth_of(value) > kDeepestJson || held > 4 * text.size() + kLimits.spare ||
      values_of(value) > (4 * text.size() + kLimits.spare) / kLeastOfAValue || value != Json::parse(text))
    std::abort();
  (void)value.dump(1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  fuzz::try_input([&] { read<nlohmann::json>(text); });
  return fuzz::try_input([&] { read<nlohmann::ordered_json>(text); });
}
