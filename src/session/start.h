#pragma once

#include "denoise/denoising.h"
#include "dial/conditioning.h"
#include "session/session.h"
#include "task/task.h"

namespace latentdial::detail {

/// A picture before its first step: noise, a start image in noise, or an inversion, which must be known.
[[nodiscard]] Denoising start(const Session& session, const Content& content, Conditioning conditioning);

}  // namespace latentdial::detail
