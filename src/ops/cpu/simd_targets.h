#pragma once

// Include before <hwy/highway.h> in every file compiled per target. Left out: SSSE3, which no processor with
// AVX2 or SSE4 needs, and SVE, whose vectors cannot be members of an array.
#include <hwy/detect_targets.h>
#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
