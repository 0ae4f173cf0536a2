#pragma once

#include <vector>

#include "denoise/denoising.h"
#include "session/session.h"

namespace latentdial::detail {

/// A picture before its first step. The inversion of a start picture must be known.
[[nodiscard]] Denoising start(const Session& session, const Content& content, Conditioning conditioning);

/// The start picture of a content as a content of its own, and the picture at its other end where it has one:
/// what decides their inversions. Neither the dial nor the other picture has a say in them.
[[nodiscard]] std::vector<Content> inverted_ends(const Content& content);

}  // namespace latentdial::detail
