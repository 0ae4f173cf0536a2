#pragma once

#include "session/stage.h"

namespace latentdial::detail {

/// Remembers the pictures of finished trunks.
void decode_trunks(const DecodeTrunks& stage, Work& work);

/// Edits finished pictures in one batch, from their trunks, and remembers them.
void edit_pictures(const Edit& stage, Work& work);

/// The batch's pictures, each the weighted sum of pictures that are known, pixel by pixel.
void mix_edits(Work& work);

}  // namespace latentdial::detail
