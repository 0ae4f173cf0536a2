#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

#include "dial/slerp.h"
#include "latentdial/error.h"
#include "pipeline/engine.h"
#include "pipeline/pixels.h"

namespace latentdial {
namespace {

/// What decides how the settings' own picture is inverted.
Settings inversion_settings(const Settings& s) {
  Settings result;
  result.prompt = s.prompt;
  result.negative_prompt = s.negative_prompt;
  result.plain_prompt = s.plain_prompt;
  result.steps = s.steps;
  result.sampler = s.sampler;
  result.scheduler = s.scheduler;
  result.guidance_scale = s.guidance_scale;
  result.guidance_start = s.guidance_start;
  result.guidance_end = s.guidance_end;
  result.width = s.width;
  result.height = s.height;
  result.image = s.image;
  result.strength = s.strength;
  result.invert = true;
  return result;
}

/// The picture that a run starts from, or the two it starts between.
std::vector<Settings> ends(const Settings& s) {
  std::vector<Settings> result = {inversion_settings(s)};
  if (s.to_image.empty()) return result;
  Settings other = s;
  other.image = s.to_image;
  if (!s.to_prompt.empty()) other.prompt = s.to_prompt;
  result.push_back(inversion_settings(other));
  return result;
}

/// The entry of a list that belongs to `settings`, or its end.
template <class List>
auto find(List& list, const Settings& settings) {
  return std::find_if(list.begin(), list.end(),
                      [&](const auto& known) { return known.settings == settings; });
}

}  // namespace

auto Pipeline::Engine::pictures_to_invert(const std::vector<Settings>& list) const
    -> std::vector<InvertedPicture> {
  std::vector<InvertedPicture> missing;
  for (const Settings& s : list) {
    if (!s.invert) continue;
    for (const Settings& end : ends(s)) {
      if (find(missing, end) != missing.end()) continue;
      Image picture = resize_to_fill(read_image(end.image), end.width, end.height);
      const auto known = find(inverted_, end);
      if (known == inverted_.end() || known->picture.rgb != picture.rgb)
        missing.push_back({end, std::move(picture), {}});
    }
  }
  return missing;
}

void Pipeline::Engine::invert_pictures(std::vector<InvertedPicture> pictures, std::size_t at_once,
                                       std::vector<std::string>& notices, Watch& watch) {
  const auto count = [&](const CleanLatents&) { watch.step(); };
  for (std::size_t begin = 0; begin < pictures.size(); begin += at_once) {
    const auto end = std::min(pictures.size(), begin + at_once);
    std::vector<PictureToInvert> batch;
    for (std::size_t k = begin; k < end; ++k) {
      const Settings& s = pictures[k].settings;
      auto sampler = make_sampler(s.sampler, s.scheduler, schedule, s.steps);
      const int first = first_evaluation(s, *sampler);
      batch.push_back({{condition(s, notices),
                        std::move(sampler),
                        TorchGenerator(s.seed),
                        encoder(to_pixels(pictures[k].picture)).mean,
                        first,
                        {}},
                       prompt_encoder.encode(s.prompt, syntax_of(s), notices).states});
    }
    auto inversions = invert(prompted_unet, std::move(batch), count, watch.stop());
    for (std::size_t k = begin; k < end; ++k) {
      pictures[k].inversion = std::move(inversions[k - begin]);
      std::erase_if(inverted_, [&](const auto& known) { return known.settings == pictures[k].settings; });
      inverted_.push_front(std::move(pictures[k]));
    }
  }
}

Run Pipeline::Engine::start_inverted(const Settings& s, Conditioning conditioning) const {
  auto sampler = make_sampler(s.sampler, s.scheduler, schedule, s.steps);
  const int first = first_evaluation(s, *sampler);
  const auto pictures = ends(s);
  const Inversion& from = find(inverted_, pictures.front())->inversion;
  Run run{std::move(conditioning), std::move(sampler), TorchGenerator(s.seed), from.start, first,
          from.corrections};
  if (pictures.size() == 1) return run;
  const Inversion& to = find(inverted_, pictures.back())->inversion;
  run.latents = slerp(from.start, to.start, s.theta);
  for (std::size_t i = static_cast<std::size_t>(first); i < run.corrections.size(); ++i)
    run.corrections[i] = lerp(from.corrections[i], to.corrections[i], s.theta);
  return run;
}

}  // namespace latentdial
