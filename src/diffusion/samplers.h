#pragma once

#include <memory>

#include "diffusion/sampler.h"

namespace latentdial::detail {

/// Makes one kind of sampler; `karras` asks for Karras sigmas, of the three that have them.
using SamplerMaker = std::unique_ptr<Sampler>(const NoiseSchedule& config, bool karras, int steps);
SamplerMaker make_ddim, make_dpm_multistep, make_euler, make_euler_ancestral, make_lcm, make_pndm;

}  // namespace latentdial::detail
