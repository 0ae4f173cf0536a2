#pragma once

#include "http.h"
#include "router.h"

namespace latentdial::server {

inline constexpr int kMostFitScenes = 48;  ///< That a dial is fitted on: prompts times seeds.

/// latentdial's own API, which the page speaks: jobs that are asked for, looked at and cancelled by their
/// ids.
void add_v1_api(Router& router, const Context& context);

}  // namespace latentdial::server
