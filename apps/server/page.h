#pragma once

#include "router.h"

namespace latentdial::server {

/// The page with the slider: / and its files under /page/, which are part of the program.
void add_page(Router& router);

}  // namespace latentdial::server
