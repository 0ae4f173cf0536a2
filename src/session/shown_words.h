#pragma once

#include "session/session.h"
#include "task/task.h"

namespace latentdial::detail {

/// What words show in a start image, looked for by `find_shown_words`.
[[nodiscard]] ShownWords shown_words_of(const Source& source);

/// How many evaluations finding them takes.
inline constexpr std::size_t kLooksForWords = 20;

/// A picture's size, white where it shows the words: word_mask of the picture under a prompt of these words
/// alone, parted halfway between its two means. Throws invalid_input of `redraw_words` where the picture
/// shows none of them: where the meter (sample_meter) reads less than a fifth of what the words add to an
/// empty prompt.
[[nodiscard]] InputImage find_shown_words(Session& session, const ShownWords& shown,
                                          const std::stop_token& stop);

/// The part of a start image that is redrawn, with its mask. Words that say it are found by then; where they
/// are is grown by the mask's blur, so that the edges that are redrawn with less strength lie beyond it.
[[nodiscard]] RedrawnPart redrawn_part(const Session& session, const Source& source);

}  // namespace latentdial::detail
