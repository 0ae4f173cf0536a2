#pragma once

#include <filesystem>

namespace latentdial::detail {

/// Where CLIP's merge list bpe_simple_vocab_16e6.txt.gz is: $LATENTDIAL_CLIP_VOCAB when that is set (the
/// file, or the folder it lies in), else in share/latentdial beside the program or the library.
/// Throws invalid_input that tells how to get it when it is nowhere.
[[nodiscard]] std::filesystem::path find_standard_vocabulary();

}  // namespace latentdial::detail
