#pragma once

#include <string_view>
#include <vector>

namespace latentdial::detail {

/// CLIP's words of a normalised text, left to right; what is between them (white space) is dropped:
/// 's 't 're 've 'm 'll 'd, a run of letters, one number, a run of anything else that is not white space.
/// <|startoftext|> and <|endoftext|> are three words each ("<|", the letters, "|>") when they come as text.
[[nodiscard]] std::vector<std::u32string_view> split_words(std::u32string_view text);

}  // namespace latentdial::detail
