#include <fmt/format.h>

#include <cstddef>
#include <string_view>

#include "latentdial/sweep.h"
#include "latentdial/text.h"
#include "text/require.h"

namespace latentdial {

using namespace detail;
namespace {

constexpr int kMostShards = 1'000'000;

}  // namespace

Shard parse_shard(const std::string& text) {
  Shard shard;
  const auto slash = text.find('/');
  const std::string_view view = text;
  const bool read = slash != std::string::npos && read_number(view.substr(0, slash), shard.index) &&
                    read_number(view.substr(slash + 1), shard.count);
  require(read && shard.count <= kMostShards && shard.index >= 1 && shard.index <= shard.count, "shard",
          "\"{}\" is not a part of a sweep; use I/N with I from 1 to N, as in 3/8", text);
  return shard;
}

std::vector<Job> jobs_of(const Shard& shard, const std::vector<Job>& jobs) {
  const auto border = [&](int part) {
    const auto share = static_cast<std::size_t>(part) * jobs.size() / static_cast<std::size_t>(shard.count);
    return jobs.begin() + static_cast<std::ptrdiff_t>(share);
  };
  return {border(shard.index - 1), border(shard.index)};
}

std::string manifest_name(const Shard& shard) {
  if (shard.count == 1) return "manifest.jsonl";
  return fmt::format("manifest-{}-of-{}.jsonl", shard.index, shard.count);
}

}  // namespace latentdial
