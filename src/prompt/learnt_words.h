#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace latentdial::detail {

/// Words whose embedding was learnt by textual inversion (Gal et al. 2022, arXiv 2208.01618). Each stands for
/// one or more vectors, which follow the vocabulary's in the text encoder's table.
class LearntWords {
 public:
  /// `tokens` are the ids that the tokenizer makes of the word's name; its vectors are the table's rows
  /// first … first + vectors − 1.
  void add(std::vector<std::int32_t> tokens, std::int32_t first, std::int32_t vectors);
  /// The ids of a text, those that stay together as one: where a learnt word's tokens stand, its rows take
  /// their place; of several that begin at one place, the longest.
  [[nodiscard]] std::vector<std::vector<std::int32_t>> find(const std::vector<std::int32_t>& ids) const;

 private:
  struct Word {
    std::vector<std::int32_t> tokens, rows;
  };
  std::vector<Word> words_;
};

}  // namespace latentdial::detail
