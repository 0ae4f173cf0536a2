#pragma once

// What pipeline/ still includes under this name.
#include "diffusion/forward_process.h"
#include "tensor/arithmetic.h"
