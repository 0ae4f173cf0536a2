#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "diffusion/sampler.h"
#include "diffusion/samplers.h"
#include "latentdial/error.h"

namespace latentdial::detail {
namespace {

struct SamplerKind {
  const char* name;
  bool has_karras;
  bool draws_noise;
  SamplerMaker* make;
};

constexpr std::array<SamplerKind, 6> kKinds{{
    {"pndm", false, false, make_pndm},
    {"ddim", false, false, make_ddim},
    {"euler", true, false, make_euler},
    {"euler_a", true, true, make_euler_ancestral},
    {"dpm++2m", true, false, make_dpm_multistep},
    {"lcm", false, true, make_lcm},
}};

template <class Belongs>
std::vector<std::string> names_of(const Belongs& belongs) {
  std::vector<std::string> names;
  for (const SamplerKind& kind : kKinds)
    if (belongs(kind)) names.emplace_back(kind.name);
  return names;
}

const SamplerKind& find_kind(const std::string& sampler) {
  const auto kind =
      std::find_if(kKinds.begin(), kKinds.end(), [&](const auto& k) { return k.name == sampler; });
  if (kind == kKinds.end()) {
    throw invalid_input(
        "sampler", fmt::format("unknown {:?}, choose one of {}", sampler, fmt::join(sampler_names(), ", ")));
  }
  return *kind;
}

}  // namespace

std::unique_ptr<Sampler> make_sampler(const std::string& sampler, const std::string& scheduler,
                                      const NoiseSchedule& config, int steps) {
  const SamplerKind& kind = find_kind(sampler);
  const std::vector<std::string> schedulers = scheduler_names();
  if (std::find(schedulers.begin(), schedulers.end(), scheduler) == schedulers.end()) {
    throw invalid_input(
        "scheduler", fmt::format("unknown {:?}, choose one of {}", scheduler, fmt::join(schedulers, ", ")));
  }
  const bool karras = scheduler == "karras";
  if (karras && !kind.has_karras) {
    throw invalid_input(
        "scheduler", fmt::format("\"{}\" has no Karras sigmas, only {} have; use \"normal\" with it", sampler,
                                 fmt::join(karras_sampler_names(), ", ")));
  }
  if (steps < 1 || steps > config.num_train_timesteps) {
    throw invalid_input("steps", fmt::format("{} is not from 1 to {}", steps, config.num_train_timesteps));
  }
  if (const auto refused = config.not_honoured_by.find(sampler); refused != config.not_honoured_by.end()) {
    throw invalid_input(
        fmt::format("scheduler_config.json: {} is not supported by the sampler \"{}\", choose another",
                    refused->second, sampler));
  }
  return kind.make(config, karras, steps);
}

std::vector<std::string> sampler_names() {
  return names_of([](const SamplerKind&) { return true; });
}

std::vector<std::string> invertible_sampler_names() {
  return names_of([](const SamplerKind& kind) { return !kind.draws_noise; });
}

std::vector<std::string> karras_sampler_names() {
  return names_of([](const SamplerKind& kind) { return kind.has_karras; });
}

std::vector<std::string> scheduler_names() {
  return {"normal", "karras"};
}

}  // namespace latentdial::detail
