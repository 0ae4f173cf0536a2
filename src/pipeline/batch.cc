#include <chrono>
#include <cstddef>
#include <utility>
#include <vector>

#include "latentdial/parameters.h"
#include "pipeline/engine.h"
#include "tensor/buffer_pool.h"

namespace latentdial {
namespace {

// Latent pixels that are denoised in one batch: one picture of 512x512, or sixteen of 128x128.
constexpr std::int64_t kMostLatentPixels = 64 * 64;

/// Whether two pictures can be denoised in one batch.
bool same_schedule(const Settings& a, const Settings& b) {
  return a.sampler == b.sampler && a.scheduler == b.scheduler && a.steps == b.steps && a.width == b.width &&
         a.height == b.height && a.image.empty() == b.image.empty() && a.invert == b.invert &&
         (a.image.empty() || a.strength == b.strength);
}

/// Whether the same is encoded for both.
bool same_prompts(const Settings& a, const Settings& b) {
  return a.prompt == b.prompt && a.negative_prompt == b.negative_prompt && a.to_prompt == b.to_prompt &&
         a.style == b.style && a.plain_prompt == b.plain_prompt;
}

}  // namespace

bool Pipeline::Engine::edit_together(const Settings& a, const Settings& b) const {
  if (!edits(a) || !edits(b)) return edits(a) == edits(b);
  // Prompts of several lengths would be repeated to the length that they have in common.
  return edit_window(a) == edit_window(b) &&
         (same_prompts(a, b) || (prompt_encoder.windows_of(a) == 1 && prompt_encoder.windows_of(b) == 1));
}

std::size_t Pipeline::Engine::batch_end(const std::vector<Settings>& list, std::size_t begin) const {
  const Settings& first = list[begin];
  const std::int64_t scale = vae_config.downscale();
  const std::int64_t pixels = (first.width / scale) * (first.height / scale);
  const auto most = static_cast<std::size_t>(std::max<std::int64_t>(1, kMostLatentPixels / pixels));
  std::size_t end = begin + 1;
  while (end < list.size() && end - begin < most && same_schedule(first, list[end]) &&
         fork_evaluation(first) == fork_evaluation(list[end]) && edit_together(first, list[end])) {
    ++end;
  }
  return end;
}

void Pipeline::Engine::generate(const std::vector<Settings>& list, std::size_t begin, std::size_t end,
                                const OnPicture& on_picture, const Observer& observer) {
  const auto started = std::chrono::steady_clock::now();
  const std::vector<Settings> batch(list.begin() + static_cast<std::ptrdiff_t>(begin),
                                    list.begin() + static_cast<std::ptrdiff_t>(end));
  std::vector<std::vector<std::string>> notices(batch.size());
  Observer of_batch = observer;
  if (observer.wants_preview && observer.on_preview) {
    of_batch.wants_preview = [&](const StepProgress& step, std::size_t picture) {
      return observer.wants_preview(step, begin + picture);
    };
    of_batch.on_preview = [&](Preview preview) {
      preview.picture += begin;
      observer.on_preview(std::move(preview));
    };
  }
  auto images = make_images(batch, notices, of_batch);
  std::vector<Picture> pictures;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    Picture& picture = pictures.emplace_back();
    picture.image = std::move(images[i]);
    picture.settings = batch[i];
    picture.parameters = to_parameters(batch[i], info);
    picture.notices = std::move(notices[i]);
  }
  release_idle_buffers();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    pictures[i].seconds = seconds.count() / static_cast<double>(batch.size());
    on_picture(begin + i, std::move(pictures[i]));
  }
}

}  // namespace latentdial
