#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "diffusion/linear_combination.h"
#include "pipeline/anchored_edit.h"
#include "pipeline/engine.h"
#include "pipeline/find_dial.h"
#include "pipeline/pixels.h"
#include "tensor/buffer_pool.h"

namespace latentdial {
namespace {

// At least as many are remembered, and more as long as they take no more memory.
constexpr std::size_t kFewestEdited = 8;
constexpr std::size_t kMostEditedBytes = 64u << 20;

/// What decides an edit besides its strength.
Settings edit_settings(Settings s) {
  s.position = 0;
  s.dial = "";
  return s;
}

/// The edited latents where the mask is 1, the original's where it is 0; everywhere the edited ones without a
/// mask.
Tensor masked(const Tensor& original, const Tensor& edited, const Tensor& mask) {
  if (!mask.defined()) return edited;
  Tensor result = original.clone();
  const auto channels = static_cast<std::size_t>(original.dim(-1));
  for (std::size_t i = 0; i < result.values().size(); ++i)
    result.values()[i] += mask.values()[i / channels] * (edited.values()[i] - original.values()[i]);
  return result;
}

}  // namespace

bool Pipeline::Engine::edits(const Settings& s) {
  return !s.style.empty() && find_dial_method(s.method).edit != nullptr;
}

auto Pipeline::Engine::plan_edit(const Settings& s, std::vector<std::string>& notices) const -> PlannedEdit {
  DialRequest request = dial_request(s);
  if (request.dial) check_position(request, notices);
  EditPlan plan = find_dial_method(s.method).edit(request);
  const auto sampler = make_sampler(s.sampler, s.scheduler, schedule, s.steps);
  const int first = sampler->evaluation_at(first_evaluation(s, *sampler), plan.way.start);
  return {edit_settings(s),
          std::move(plan.shares),
          {first, plan.way.passes, plan.way.guidance, plan.way.colours}};
}

auto Pipeline::Engine::edit_window(const Settings& s) const -> EditWindow {
  std::vector<std::string> ignored;
  return plan_edit(s, ignored).window;
}

auto Pipeline::Engine::pictures_to_edit(const std::vector<PlannedEdit>& list) const
    -> std::vector<EditedPicture> {
  std::vector<EditedPicture> missing;
  for (const PlannedEdit& planned : list) {
    for (const EditShare& share : planned.shares) {
      EditedPicture wanted{planned.settings, share.strength, planned.window, {}};
      const auto same = [&](const EditedPicture& other) { return other.is(wanted); };
      if (std::none_of(edited_.begin(), edited_.end(), same) &&
          std::none_of(missing.begin(), missing.end(), same))
        missing.push_back(std::move(wanted));
    }
  }
  return missing;
}

int Pipeline::Engine::editing_steps(const std::vector<EditedPicture>& pictures, const Sampler& sampler) {
  const auto edit =
      std::find_if(pictures.begin(), pictures.end(), [](const auto& p) { return p.strength != 0; });
  if (edit == pictures.end()) return 0;
  return edit_steps(sampler, edit->window.first, edit->window.passes);
}

Tensor Pipeline::Engine::change_of_colours(const Run& picture, const ColourMap& map, double strength) const {
  const Image image = to_image(decode(picture.latents));
  const Tensor mapped = encoder(to_pixels(recoloured(image, map, std::abs(strength)))).mean;
  return linear_combination({{1, mapped}, {-1, picture.latents}});
}

std::vector<Tensor> Pipeline::Engine::edit_trunks(const std::vector<EditedPicture>& pictures,
                                                  const std::vector<PlannedEdit>& planned,
                                                  std::vector<std::string>& notices, Watch& watch) {
  if (pictures.empty()) return {};
  const EditWindow window = pictures.front().window;
  std::vector<AnchoredEdit> edits;
  std::vector<Tensor> masks;
  for (const EditedPicture& picture : pictures) {
    Settings s = picture.settings;
    masks.push_back(mask_of(s));
    s.guidance_scale *= window.guidance;
    const Conditioning plain = condition(s, masks.back(), notices);
    s.position = picture.strength;
    const Run* original = find_trunk(picture.settings);
    edits.push_back({original, plain, condition(s, masks.back(), notices)});
    if (window.colours) edits.back().change = change_of_colours(*original, *window.colours, picture.strength);
  }
  const auto look = [&](const CleanLatents& clean) {
    watch.step();
    std::vector<EditedPicture> under_way;
    for (std::size_t i = 0; i < planned.size(); ++i) {
      if (!watch.wants_preview(i)) continue;
      for (std::size_t k = under_way.size(); k < pictures.size(); ++k) {
        under_way.push_back(pictures[k]);
        under_way[k].image = preview(masked(edits[k].original->latents, clean(k), masks[k]));
      }
      watch.show(i, mixed_image(planned[i], under_way));
    }
  };
  auto latents = edit(prompted_unet, edits, window.first, window.passes, look, watch.stop());
  for (std::size_t k = 0; k < pictures.size(); ++k)
    latents[k] = masked(edits[k].original->latents, latents[k], masks[k]);
  return latents;
}

void Pipeline::Engine::edit_pictures(std::vector<EditedPicture> pictures,
                                     const std::vector<PlannedEdit>& planned,
                                     std::vector<std::string>& notices, Watch& watch) {
  const auto remember = [&](EditedPicture picture, const Tensor& latents) {
    picture.image = to_image(decode(latents));
    edited_.push_front(std::move(picture));
  };
  release_idle_buffers();
  // The unchanged ones first: previews of the others are mixed with them.
  const auto changed =
      std::stable_partition(pictures.begin(), pictures.end(), [](const auto& p) { return p.strength == 0; });
  for (auto picture = pictures.begin(); picture != changed; ++picture)
    remember(*picture, find_trunk(picture->settings)->latents);
  const std::vector<EditedPicture> edits(changed, pictures.end());
  const auto latents = edit_trunks(edits, planned, notices, watch);
  release_idle_buffers();
  for (std::size_t k = 0; k < edits.size(); ++k) remember(edits[k], latents[k]);
}

Image Pipeline::Engine::mixed_image(const PlannedEdit& planned,
                                    const std::vector<EditedPicture>& under_way) const {
  std::vector<double> sums;
  Image image;
  for (const EditShare& share : planned.shares) {
    const EditedPicture wanted{planned.settings, share.strength, planned.window, {}};
    const auto is_wanted = [&](const EditedPicture& other) { return other.is(wanted); };
    const auto known = std::find_if(edited_.begin(), edited_.end(), is_wanted);
    image = known != edited_.end() ? known->image
                                   : std::find_if(under_way.begin(), under_way.end(), is_wanted)->image;
    sums.resize(image.rgb.size());
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += share.weight * image.rgb[i];
  }
  for (std::size_t i = 0; i < sums.size(); ++i)
    image.rgb[i] = static_cast<std::uint8_t>(std::lround(sums[i]));
  return image;
}

void Pipeline::Engine::forget_old_edits() {
  std::size_t kept = 0, bytes = 0;
  while (kept < edited_.size() && (kept < kFewestEdited || bytes < kMostEditedBytes))
    bytes += edited_[kept++].image.rgb.size();
  edited_.resize(kept);
}

}  // namespace latentdial
