#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>

#include "diffusion/sampler.h"
#include "diffusion/samplers.h"
#include "latentdial/error.h"

namespace latentdial::detail {
namespace {

/// Which levels a sampler can be told to go by.
enum class Takes { sigmas, timesteps, distilled };

struct SamplerKind {
  const char* name;
  Takes takes;
  bool draws_noise;
  SamplerMaker* make;
};

constexpr std::array<SamplerKind, 18> kKinds{{
    {"pndm", Takes::timesteps, false, make_pndm},
    {"ddim", Takes::timesteps, false, make_ddim},
    {"euler", Takes::sigmas, false, make_euler},
    {"euler_a", Takes::sigmas, true, make_euler_ancestral},
    {"heun", Takes::sigmas, false, make_heun},
    {"dpm2", Takes::sigmas, false, make_dpm2},
    {"dpm2_a", Takes::sigmas, true, make_dpm2_ancestral},
    {"dpm++2s_a", Takes::sigmas, true, make_dpm_2s_ancestral},
    {"dpm++sde", Takes::sigmas, true, make_dpm_sde},
    {"dpm++2m", Takes::sigmas, false, make_dpm_multistep},
    {"dpm++2m_sde", Takes::sigmas, true, make_dpm_multistep_sde},
    {"dpm++3m_sde", Takes::sigmas, true, make_dpm_third_order_sde},
    {"unipc", Takes::sigmas, false, make_unipc},
    {"deis", Takes::sigmas, false, make_deis},
    {"lms", Takes::sigmas, false, make_lms},
    {"ddpm", Takes::timesteps, true, make_ddpm},
    {"lcm", Takes::distilled, true, make_lcm},
    {"tcd", Takes::distilled, true, make_tcd},
}};

struct SchedulerKind {
  const char* name;
  bool of_sigmas;                                         ///< Only samplers that take σ have it.
  std::optional<TimestepSpacing> spacing = std::nullopt;  ///< What it puts in the model's place.
};

constexpr std::array<SchedulerKind, 10> kSchedulers{{
    {"normal", false},
    {"karras", true},
    {"exponential", true},
    {"sgm_uniform", true},
    {"simple", true},
    {"beta", true},
    {"ays", true},
    {"trailing", false, TimestepSpacing::trailing},
    {"leading", false, TimestepSpacing::leading},
    {"linspace", false, TimestepSpacing::linspace},
}};

template <class Table, class Belongs>
std::vector<std::string> names_of(const Table& table, const Belongs& belongs) {
  std::vector<std::string> names;
  for (const auto& row : table)
    if (belongs(row)) names.emplace_back(row.name);
  return names;
}

template <class Table>
const auto& find_row(const Table& table, const char* field, const std::string& name) {
  const auto row = std::find_if(table.begin(), table.end(), [&](const auto& r) { return r.name == name; });
  if (row == table.end()) {
    const auto all = names_of(table, [](const auto&) { return true; });
    throw invalid_input(field, fmt::format("unknown {:?}, choose one of {}", name, fmt::join(all, ", ")));
  }
  return *row;
}

bool has(const SamplerKind& sampler, const SchedulerKind& scheduler) {
  if (sampler.takes == Takes::distilled) return scheduler.name == kSchedulers.front().name;
  return sampler.takes == Takes::sigmas || !scheduler.of_sigmas;
}

}  // namespace

std::unique_ptr<Sampler> make_sampler(const std::string& sampler, const std::string& scheduler,
                                      const NoiseSchedule& config, int steps, double eta) {
  const SamplerKind& kind = find_row(kKinds, "sampler", sampler);
  const SchedulerKind& spread = find_row(kSchedulers, "scheduler", scheduler);
  if (!has(kind, spread)) {
    throw invalid_input("scheduler", fmt::format("\"{}\" does not go by \"{}\"; use {} with it", sampler,
                                                 scheduler, fmt::join(schedulers_of(sampler), ", ")));
  }
  if (steps < 1 || steps > config.num_train_timesteps) {
    throw invalid_input("steps", fmt::format("{} is not from 1 to {}", steps, config.num_train_timesteps));
  }
  if (const auto refused = config.not_honoured_by.find(sampler); refused != config.not_honoured_by.end()) {
    throw invalid_input(
        fmt::format("scheduler_config.json: {} is not supported by the sampler \"{}\", choose another",
                    refused->second, sampler));
  }
  if (!spread.spacing) return kind.make(config, {scheduler, steps, eta});
  NoiseSchedule spaced = config;
  spaced.timestep_spacing = spread.spacing;
  return kind.make(spaced, {kSchedulers.front().name, steps, eta});
}

std::vector<std::string> sampler_names() {
  return names_of(kKinds, [](const SamplerKind&) { return true; });
}

std::vector<std::string> invertible_sampler_names() {
  return names_of(kKinds, [](const SamplerKind& kind) { return !kind.draws_noise; });
}

std::vector<std::string> scheduler_names() {
  return names_of(kSchedulers, [](const SchedulerKind&) { return true; });
}

std::vector<std::string> schedulers_of(const std::string& sampler) {
  const SamplerKind& kind = find_row(kKinds, "sampler", sampler);
  return names_of(kSchedulers, [&](const SchedulerKind& scheduler) { return has(kind, scheduler); });
}

std::vector<std::string> samplers_with(const std::string& scheduler) {
  const SchedulerKind& spread = find_row(kSchedulers, "scheduler", scheduler);
  return names_of(kKinds, [&](const SamplerKind& kind) { return has(kind, spread); });
}

}  // namespace latentdial::detail
