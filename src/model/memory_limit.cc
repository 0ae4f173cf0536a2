#include "model/memory_limit.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>

#include "latentdial/pipeline.h"
#include "text/require.h"

namespace latentdial {
namespace detail {
namespace {

namespace fs = std::filesystem;

constexpr double kMiB = 1 << 20;

/// What one file allows. Version 2 writes "max" where there is no bound, version 1 a number near 2⁶³.
std::optional<std::uint64_t> read_limit(const fs::path& path) {
  std::uint64_t bytes = 0;
  if (std::ifstream file(path); !(file >> bytes) || bytes >= (std::uint64_t{1} << 62)) return std::nullopt;
  return bytes;
}

/// The least of a group and those above it. A container sees its own group as the topmost one.
std::optional<std::uint64_t> least_limit(const fs::path& mount, const std::string& group, const char* name) {
  std::optional<std::uint64_t> least;
  for (fs::path at = fs::path(group).relative_path();; at = at.parent_path()) {
    if (const auto limit = read_limit(mount / at / name)) least = std::min(least.value_or(*limit), *limit);
    if (at.empty()) return least;
  }
}

/// Whether a list "cpu,memory" names the controller of memory.
bool is_of_memory(const std::string& controllers) {
  return ("," + controllers + ",").find(",memory,") != std::string::npos;
}

enum class Counted { all, changed };

std::uint64_t elements(const Weights& weights, Counted counted) {
  std::uint64_t sum = 0;
  for (const auto& name : weights.names())
    if (counted == Counted::all || weights.is_changed(name))
      sum += static_cast<std::uint64_t>(element_count(weights.shape(name)));
  return sum;
}

std::uint64_t memory_of(const Checkpoint& checkpoint, const ops::BackendOptions& unet, Counted counted) {
  const std::uint64_t size = element_size(unet.dtype);
  std::uint64_t encoders = elements(checkpoint.text_encoder.weights, counted);
  if (checkpoint.text_encoder_2) encoders += elements(checkpoint.text_encoder_2->weights, counted);
  if (checkpoint.pictures) encoders += elements(checkpoint.pictures->image_encoder.weights, counted);
  return encoders * size + elements(checkpoint.unet.weights, counted) * (unet.int8 ? 1 : size);
}

double in_mib(std::uint64_t bytes) {
  return std::ceil(static_cast<double>(bytes) / kMiB);
}

}  // namespace

std::optional<std::uint64_t> memory_limit(const fs::path& root) {
  const fs::path mount = root / "sys/fs/cgroup";
  std::ifstream groups(root / "proc/self/cgroup");
  std::optional<std::uint64_t> found;
  for (std::string line; std::getline(groups, line);) {  // "0::/group" or "4:memory:/group".
    const auto first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1),
                      group = line.substr(second + 1);
    std::optional<std::uint64_t> limit;
    if (controllers.empty()) limit = least_limit(mount, group, "memory.max");
    if (is_of_memory(controllers)) limit = least_limit(mount / "memory", group, "memory.limit_in_bytes");
    if (limit) found = std::min(found.value_or(*limit), *limit);
  }
  return found;
}

std::uint64_t least_memory(const Checkpoint& checkpoint, const ops::BackendOptions& unet) {
  return memory_of(checkpoint, unet, Counted::all);
}

std::uint64_t least_memory_of_changes(const Checkpoint& checkpoint, const ops::BackendOptions& unet) {
  return memory_of(checkpoint, unet, Counted::changed);
}

std::uint64_t weights_memory(const Checkpoint& checkpoint, const ops::BackendOptions& unet) {
  return least_memory(checkpoint, unet) +
         elements(checkpoint.vae.weights, Counted::all) * element_size(unet.dtype);
}

void require_memory(const Checkpoint& checkpoint, const ops::BackendOptions& unet, const fs::path& root) {
  const auto limit = memory_limit(root);
  const std::uint64_t needed = least_memory(checkpoint, unet);
  if (!limit) return;
  require(
      needed <= *limit, "",
      "{}: its weights take {:.0f} MiB, but the control group allows {:.0f} MiB; use a smaller @(model) or "
      "@(dtype), or allow more",
      checkpoint.path.string(), in_mib(needed), std::floor(static_cast<double>(*limit) / kMiB));
}

void require_memory_beside(const Checkpoint& checkpoint, const ops::BackendOptions& unet,
                           const fs::path& root) {
  const auto limit = memory_limit(root);
  if (!limit) return;
  const std::uint64_t model = least_memory(checkpoint, unet),
                      changed = least_memory_of_changes(checkpoint, unet);
  require(model + changed <= *limit, "",
          "{}: its weights take {:.0f} MiB and those that the LoRAs change {:.0f} MiB, but the control group "
          "allows {:.0f} MiB; use @(lora), which loads them once, or a smaller @(model) or @(dtype)",
          checkpoint.path.filename().string(), in_mib(model), in_mib(changed),
          std::floor(static_cast<double>(*limit) / kMiB));
}

}  // namespace detail

std::uint64_t allowed_memory() {
  const auto pages = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES));
  const std::uint64_t machine = pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  return std::min(detail::memory_limit().value_or(machine), machine);
}

}  // namespace latentdial
