#include "session/shown_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "latentdial/error.h"
#include "reading/meter.h"
#include "reading/word_mask.h"

namespace latentdial::detail {
namespace {

/// Of what the words change, that a picture which shows them has at least (research/restoration/words.py).
constexpr double kLeastShown = 0.2;
constexpr int kTimesteps = 8;  // That the meter reads at.

/// A mask [1,h,w,1], enlarged; white from the middle between its means on.
Image black_and_white(const Tensor& mask, int width, int height) {
  Tensor shown = Tensor::zeros({1, height, width, 1});
  add_resized(mask, shown);
  Image image{.width = width, .height = height, .rgb = {}};
  for (const float value : shown.values())
    image.rgb.insert(image.rgb.end(), 3, value >= 0.5F ? std::uint8_t{255} : std::uint8_t{0});
  return image;
}

/// Along lines of `count` pixels that are `step` apart, white wherever it is within `by` pixels.
void grow_line(const std::uint8_t* from, std::uint8_t* to, int count, std::size_t step, int by) {
  for (int i = 0; i < count; ++i)
    for (int k = std::max(0, i - by); k <= std::min(count - 1, i + by); ++k)
      for (std::size_t c = 0; c < 3; ++c)
        to[step * static_cast<std::size_t>(i) + c] = std::max(to[step * static_cast<std::size_t>(i) + c],
                                                              from[step * static_cast<std::size_t>(k) + c]);
}

/// A mask that is white as far as `by` pixels beyond its own.
Image grown(const Image& mask, int by) {
  const auto row = 3 * static_cast<std::size_t>(mask.width);
  Image along_rows = mask;
  for (std::size_t y = 0; y < static_cast<std::size_t>(mask.height); ++y)
    grow_line(&mask.rgb[y * row], &along_rows.rgb[y * row], mask.width, 3, by);
  Image result = along_rows;
  for (std::size_t x = 0; x < static_cast<std::size_t>(mask.width); ++x)
    grow_line(&along_rows.rgb[3 * x], &result.rgb[3 * x], mask.height, row, by);
  return result;
}

}  // namespace

ShownWords shown_words_of(const Source& source) {
  return {*source.image, source.part->words};
}

InputImage find_shown_words(Session& session, const ShownWords& shown, const std::stop_token& stop) {
  const auto& [image, words] = shown;
  const Model& model = *session.model;
  std::vector<std::string> notices;
  const auto read = [&](const std::string& text) {
    return session.encode(text, PromptSyntax::literal, notices).condition;
  };
  const Tensor latents = model.latents_of(image.image());
  const Condition named = read(words);
  const auto samples = sample_meter(session.denoiser, model.schedule, {{latents, read(""), named}},
                                    meter_timesteps(kTimesteps, model.schedule), 0, {}, stop);
  if (pool(samples.front()).strength < kLeastShown)
    throw invalid_input("redraw_words", fmt::format("{} does not show \"{}\"; name what it shows, or say by "
                                                    "@(mask) what is redrawn",
                                                    image.name(), words));
  const Tensor mask = word_mask(session.denoiser, model.schedule, latents, named,
                                model.texts.places_of("redraw_words", words));
  return InputImage(black_and_white(mask, image.image().width, image.image().height), "what the words show");
}

RedrawnPart redrawn_part(const Session& session, const Source& source) {
  RedrawnPart part = *source.part;
  if (part.mask) return part;
  const InputImage& found = *session.shown_words.find(shown_words_of(source));
  part.mask = InputImage(grown(found.image(), static_cast<int>(std::lround(part.blur))), found.name());
  return part;
}

}  // namespace latentdial::detail
