#pragma once

#include "a1111_options.h"

namespace latentdial::server {

/// Adds what A1111's clients ask for when they connect: lists of what is here, in its shapes.
void add_a1111_lists(Router& router, const A1111& context);

}  // namespace latentdial::server
