#pragma once

#include <memory>

#include "diffusion/sampler.h"

namespace latentdial::detail {

[[nodiscard]] std::unique_ptr<Sampler> make_ddim(const NoiseSchedule& config, int steps);
[[nodiscard]] std::unique_ptr<Sampler> make_lcm(const NoiseSchedule& config, int steps);
[[nodiscard]] std::unique_ptr<Sampler> make_pndm(const NoiseSchedule& config, int steps);
[[nodiscard]] std::unique_ptr<Sampler> make_euler(const NoiseSchedule& config, bool karras, int steps);
[[nodiscard]] std::unique_ptr<Sampler> make_euler_ancestral(const NoiseSchedule& config, bool karras,
                                                            int steps);
[[nodiscard]] std::unique_ptr<Sampler> make_dpm_multistep(const NoiseSchedule& config, bool karras,
                                                          int steps);

}  // namespace latentdial::detail
