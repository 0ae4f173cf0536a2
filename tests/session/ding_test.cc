// DING's step by hand: one place is known, one is not.

#include "denoise/ding.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "ops/cpu_backend.h"

namespace latentdial::detail {
namespace {

constexpr float kNoise = 0.3F;  // That the network sees everywhere.

/// A network that always says the same.
class Constant : public models::Denoiser {
 public:
  [[nodiscard]] models::TextContext project_tokens(const Tensor&) const override { return {}; }
  [[nodiscard]] std::vector<models::TimeContext> project_times(std::span<const float> timesteps,
                                                               const Tensor&) const override {
    return std::vector<models::TimeContext>(timesteps.size());
  }
  Tensor operator()(const Tensor& latents, const models::TimeContext&, const models::TextContext&,
                    const models::Taps&) const override {
    ++looks;
    Tensor output = latents.clone();
    for (float& value : output.values()) value = kNoise;
    return output;
  }
  mutable int looks = 0;
};

NoiseSchedule schedule() {
  NoiseSchedule schedule;
  schedule.clip_sample = false;
  return schedule;
}

Denoising a_run(bool twice) {
  const Condition prompt(Tensor::of({1, 1, 1}, std::array{0.F}));
  Denoising run{.conditioning =
                    [prompt](double) {
                      return weighted_sum({{prompt, 1}});
                    },
                .sampler = make_sampler("ddim", "normal", schedule(), 4),
                .generator = TorchGenerator(7),
                .latents = Tensor::of({1, 1, 2, 1}, std::array{0.8F, -0.4F}),
                .next = 1};
  run.known = KnownPart{.latents = Tensor::of({1, 1, 2, 1}, std::array{0.5F, 9.F}),
                        .strengths = Tensor::of({1, 1, 2, 1}, std::array{0.F, 1.F}),
                        .twice = twice};
  return run;
}

TEST(Ding, TakesTheStepOfThePaper) {
  const auto backend = ops::make_cpu_backend({});
  const Constant network;
  PromptedDenoiser denoiser(network, *backend);
  std::vector<Denoising> runs;
  runs.push_back(a_run(true));
  const Denoising before = a_run(true);
  denoise(denoiser, runs, 2, {}, {});
  EXPECT_EQ(network.looks, 2);
  const auto from = before.sampler->noise_level(1), to = before.sampler->noise_level(2);
  TorchGenerator generator(7);
  const Tensor noise = generator.randn_nhwc({1, 1, 2, 1}), more = generator.randn_nhwc({1, 1, 2, 1});
  const double eta = to.noise * (1 - to.signal), sigma_y = 0.01;
  const double gamma = eta * eta / (eta * eta + to.signal * to.signal * sigma_y * sigma_y);
  const auto mean = [&](float latent) {
    return to.signal * (latent - from.noise * kNoise) / from.signal +
           std::sqrt(to.noise * to.noise - eta * eta) * kNoise;
  };
  EXPECT_NEAR(runs[0].latents.values()[1], mean(-0.4F) + eta * noise.values()[1], 1e-5);
  EXPECT_NEAR(runs[0].latents.values()[0],
              (1 - gamma) * mean(0.8F) + gamma * (to.signal * 0.5 + to.noise * kNoise) +
                  to.signal * sigma_y * std::sqrt(gamma) * more.values()[0],
              1e-5);
}

TEST(Ding, EndsAtWhatIsKnown) {
  const auto backend = ops::make_cpu_backend({});
  const Constant network;
  PromptedDenoiser denoiser(network, *backend);
  std::vector<Denoising> runs;
  runs.push_back(a_run(true));
  denoise(denoiser, runs, 4, {}, {});
  EXPECT_EQ(runs[0].latents.values()[0], 0.5F);
  EXPECT_EQ(network.looks, 2 * 3 - 1) << "the last step leads to no noise, of which nothing is asked";
}

TEST(Ding, OtherRunsLookOnce) {
  const auto backend = ops::make_cpu_backend({});
  const Constant network;
  PromptedDenoiser denoiser(network, *backend);
  std::vector<Denoising> runs;
  runs.push_back(a_run(false));
  denoise(denoiser, runs, 2, {}, {});
  EXPECT_EQ(network.looks, 1);
}

}  // namespace
}  // namespace latentdial::detail
