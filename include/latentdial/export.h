#pragma once

/// What the shared libraries show; everything else in them is hidden.
#define LATENTDIAL_API __attribute__((visibility("default")))
/// Hides a class within one that is shown.
#define LATENTDIAL_LOCAL __attribute__((visibility("hidden")))
