#include <algorithm>

#include "pipeline/engine.h"
#include "pipeline/word_mask.h"

namespace latentdial {
namespace {

/// The finished picture of the settings, without a dial.
Settings finished(Settings s) {
  s.method = "anchored";
  return s;
}

}  // namespace

auto Pipeline::Engine::find_word_mask(const Settings& s) const -> const WordMask* {
  Settings key = trunk_settings(finished(s));
  key.mask_words = s.mask_words;
  const auto found =
      std::ranges::find_if(word_masks_, [&](const WordMask& known) { return known.settings == key; });
  return found == word_masks_.end() ? nullptr : &*found;
}

std::vector<Settings> Pipeline::Engine::pictures_with_words(const std::vector<Settings>& list) const {
  std::vector<Settings> pictures;
  for (const Settings& s : list)
    if (!s.mask_words.empty() && find_word_mask(s) == nullptr) pictures.push_back(finished(s));
  return pictures;
}

void Pipeline::Engine::find_words(const std::vector<Settings>& pictures, std::vector<std::string>& notices,
                                  Watch& watch) {
  if (pictures.empty()) return;
  make_trunks(pictures, notices, watch);
  for (const Settings& s : pictures) {
    if (find_word_mask(s) != nullptr) continue;
    Settings key = trunk_settings(s);
    key.mask_words = s.mask_words;
    const Tensor states = prompt_encoder.encode(s.prompt, syntax_of(s), notices).states;
    word_masks_.push_front({key, word_mask(prompted_unet, schedule, find_trunk(s)->latents, states,
                                           prompt_encoder.places_of(s.mask_words, s))});
  }
}

}  // namespace latentdial
