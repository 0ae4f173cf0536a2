#pragma once

#include <memory>

#include "diffusion/sampler.h"

namespace latentdial {

[[nodiscard]] std::unique_ptr<Sampler> make_ddim(const ScheduleConfig& config, int steps);
[[nodiscard]] std::unique_ptr<Sampler> make_lcm(const ScheduleConfig& config, int steps);
[[nodiscard]] std::unique_ptr<Sampler> make_pndm(const ScheduleConfig& config, int steps);
[[nodiscard]] std::unique_ptr<Sampler> make_euler(const ScheduleConfig& config, bool karras, int steps);
[[nodiscard]] std::unique_ptr<Sampler> make_euler_ancestral(const ScheduleConfig& config, bool karras,
                                                            int steps);
[[nodiscard]] std::unique_ptr<Sampler> make_dpm_multistep(const ScheduleConfig& config, bool karras,
                                                          int steps);

}  // namespace latentdial
