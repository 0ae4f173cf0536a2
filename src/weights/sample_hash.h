#pragma once

#include <cstdint>

#include "weights/weights.h"

namespace latentdial::detail {

/// `hash` continued over a component's tensors as their files have them: the name, type and size of each in
/// the order of their names, and of its values all where they take at most 1 KiB, else eight blocks of 128
/// bytes spread evenly from its first to its last. Another training changes every block; a single changed
/// value may go unseen, and two models can be made to agree: it is no cryptographic hash. Costs some
/// milliseconds and as many page reads for a model of any size.
[[nodiscard]] std::uint64_t hash_samples(std::uint64_t hash, const Weights& weights);

}  // namespace latentdial::detail
