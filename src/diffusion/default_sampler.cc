#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "diffusion/sampler.h"

namespace latentdial::detail {
namespace {

struct SchedulerClass {
  std::string_view name;  ///< In diffusers.
  const char* sampler;
  bool is_here;  ///< Otherwise `sampler` is the nearest: of the same noise levels, and as random.
};

constexpr std::array<SchedulerClass, 31> kClasses{{
    {"PNDMScheduler", "pndm", true},
    {"DDIMScheduler", "ddim", true},
    {"EulerDiscreteScheduler", "euler", true},
    {"EulerAncestralDiscreteScheduler", "euler_a", true},
    {"DPMSolverMultistepScheduler", "dpm++2m", true},
    {"LCMScheduler", "lcm", true},
    {"TCDScheduler", "tcd", true},
    {"DDPMScheduler", "ddpm", true},
    {"UniPCMultistepScheduler", "unipc", true},
    {"DEISMultistepScheduler", "deis", true},
    {"DPMSolverSDEScheduler", "dpm++sde", true},
    {"KDPM2AncestralDiscreteScheduler", "dpm2_a", true},
    {"LMSDiscreteScheduler", "lms", true},
    {"KDPM2DiscreteScheduler", "dpm2", true},
    {"HeunDiscreteScheduler", "heun", true},
    {"IPNDMScheduler", "pndm", false},
    {"DDIMInverseScheduler", "ddim", false},
    {"DDIMParallelScheduler", "ddim", false},
    {"CogVideoXDDIMScheduler", "ddim", false},
    {"DDPMParallelScheduler", "ddpm", false},
    {"RePaintScheduler", "ddim", false},
    {"AmusedScheduler", "ddim", false},
    {"EDMEulerScheduler", "euler", false},
    {"ScoreSdeVeScheduler", "euler", false},
    {"KarrasVeScheduler", "euler", false},
    {"SASolverScheduler", "dpm++2m", false},
    {"DPMSolverSinglestepScheduler", "dpm++2m", false},
    {"DPMSolverMultistepInverseScheduler", "dpm++2m", false},
    {"EDMDPMSolverMultistepScheduler", "dpm++2m", false},
    {"CosineDPMSolverMultistepScheduler", "dpm++2m", false},
    {"CMStochasticIterativeScheduler", "lcm", false},
}};

SchedulerClass find_class(const std::string& name) {
  if (name.empty()) return {name, "pndm", true};
  const auto* known = std::ranges::find(kClasses, name, &SchedulerClass::name);
  return known == kClasses.end() ? SchedulerClass{name, "ddim", false} : *known;
}

}  // namespace

DefaultSampler default_sampler(const NoiseSchedule& schedule) {
  SchedulerClass meant = find_class(schedule.class_name);
  // One class holds three of these.
  if (meant.name == "DPMSolverMultistepScheduler" && schedule.stochastic_solver)
    meant.sampler = schedule.solver_order == 3 ? "dpm++3m_sde" : "dpm++2m_sde";
  const auto refused = schedule.not_honoured_by.find(meant.sampler);
  if (refused == schedule.not_honoured_by.end()) {
    if (meant.is_here) return {meant.sampler, ""};
    return {
        meant.sampler,
        fmt::format("scheduler_config.json: the sampler of {:?} is not here; {}, the nearest, is the default",
                    meant.name, meant.sampler)};
  }
  const std::array others{"dpm++2m", "euler", "ddim"};
  const auto* able = std::ranges::find_if(
      others, [&](const char* sampler) { return !schedule.not_honoured_by.contains(sampler); });
  const std::string name = able == others.end() ? "pndm" : *able;
  return {name, fmt::format("scheduler_config.json: {} is not supported by {}; {} is the default",
                            refused->second, meant.sampler, name)};
}

}  // namespace latentdial::detail
