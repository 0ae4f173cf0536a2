#pragma once

#include <memory>
#include <string>

#include "diffusion/sampler.h"

namespace latentdial::detail {

/// What is asked of one kind of sampler: a scheduler that it has, and valid steps.
struct SamplerChoice {
  std::string scheduler;
  int steps;
  double eta;
};

/// Makes one kind of sampler.
using SamplerMaker = std::unique_ptr<Sampler>(const NoiseSchedule& config, const SamplerChoice& choice);
SamplerMaker make_ddim, make_ddpm, make_deis, make_dpm2, make_dpm2_ancestral, make_dpm_2s_ancestral,
    make_dpm_multistep, make_dpm_multistep_sde, make_dpm_sde, make_dpm_third_order_sde, make_euler,
    make_euler_ancestral, make_heun, make_lcm, make_lms, make_pndm, make_tcd, make_unipc;

}  // namespace latentdial::detail
