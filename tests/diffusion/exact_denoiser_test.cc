// Samplers on data of which the exact denoiser is known: numbers from one of two Gaussians.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>

#include "diffusion/random.h"
#include "diffusion/sampler.h"

namespace latentdial::detail {
namespace {

constexpr double kMean = 0.4, kApart = 1.0, kWidth = 0.5;  // Gaussians at kMean ± kApart.
const double kDeviation = std::hypot(kApart, kWidth);

/// E[x_0 | x_0 + σ ε = x].
double exact_x0(double x, double sigma) {
  const double variance = kWidth * kWidth + sigma * sigma;
  const double y = x - kMean;
  return kMean + kWidth * kWidth / variance * y +
         sigma * sigma / variance * kApart * std::tanh(kApart * y / variance);
}

NoiseSchedule sd1() {
  return NoiseSchedule::from_json(nlohmann::json{{"beta_start", 0.00085},
                                                 {"beta_end", 0.012},
                                                 {"beta_schedule", "scaled_linear"},
                                                 {"clip_sample", false}});
}

/// The noise that the exact denoiser sees in latents s·x_0 + n·ε.
Tensor exact_noise(const Tensor& latents, const NoiseLevel& level) {
  const double sigma = double{level.noise} / level.signal;
  Tensor epsilon = latents.clone();
  for (float& value : epsilon.values()) {
    const double x = value / level.signal;
    value = static_cast<float>((x - exact_x0(x, sigma)) / sigma);
  }
  return epsilon;
}

Tensor run(Sampler& sampler, Tensor latents, int until, const NoiseSource& noise) {
  for (int i = 0; i < until; ++i)
    latents = sampler.step(exact_noise(latents, sampler.noise_level(i)), i, latents, noise);
  return latents;
}

/// Where dx = speed · (x − x_0) dln σ leads, by Runge and Kutta's method in many small steps.
double exact_path(double x, double from, double to, double speed) {
  constexpr int kSteps = 4000;
  const double h = std::log(to / from) / kSteps;
  const auto slope = [&](double at, double y) { return speed * (y - exact_x0(y, from * std::exp(at))); };
  for (int i = 0; i < kSteps; ++i) {
    const double at = i * h;
    const double k1 = slope(at, x), k2 = slope(at + h / 2, x + h / 2 * k1);
    const double k3 = slope(at + h / 2, x + h / 2 * k2), k4 = slope(at + h, x + h * k3);
    x += h / 6 * (k1 + 2 * k2 + 2 * k3 + k4);
  }
  return x;
}

/// How far a run without new noise is from the exact path where its last step begins. Of the SDE the part
/// without noise is twice as fast as the flow that has none.
double error_of(const std::string& name, int steps) {
  const auto sampler = make_sampler(name, "karras", sd1(), steps);
  Tensor start = Tensor::zeros({1, 1, 1, 1});
  start.values()[0] = 0.3F * sampler->init_noise_sigma();
  const auto none = [](const Shape& shape) { return Tensor::zeros(shape); };
  const int last = sampler->evaluations() - 1;
  const double found = run(*sampler, start, last, none).values()[0] / sampler->noise_level(last).signal;
  const double begun = start.values()[0] / sampler->noise_level(0).signal;
  const double speed = name.ends_with("sde") ? 2 : 1;
  return std::abs(found - exact_path(begun, sampler->sigma(0), sampler->sigma(last), speed));
}

// Twice the steps make the error of a method of order p 2^p times as small. Multistep methods of third order
// begin with lower ones, which shows.
TEST(Order, IsTheOneOfTheMethod) {
  const std::vector<std::pair<std::string, double>> orders = {
      {"euler", 1}, {"heun", 2},  {"dpm2", 2},     {"dpm++2m", 2},     {"deis", 2},
      {"unipc", 2}, {"lms", 2.5}, {"dpm++sde", 2}, {"dpm++2m_sde", 2}, {"dpm++3m_sde", 2.6}};
  for (const auto& [name, order] : orders) {
    const double found = std::log2(error_of(name, 30) / error_of(name, 60));
    EXPECT_GT(found, order - 0.35) << name;
    if (order < 2) {
      EXPECT_LT(found, order + 0.35) << name;
    }
  }
}

// A second evaluation is worth its cost: at 40 evaluations Heun's is nearer than Euler's.
TEST(Order, PaysForASecondEvaluation) {
  for (const char* name : {"heun", "dpm2"}) EXPECT_LT(2 * error_of(name, 20), error_of("euler", 39)) << name;
}

struct Moments {
  double mean, deviation;
};

/// Of what a sampler makes of 64x64 unit noises.
Moments moments_of(const std::string& name, const std::string& scheduler, int steps, double eta) {
  const auto sampler = make_sampler(name, scheduler, sd1(), steps, eta);
  TorchGenerator generator(5);
  const auto draw = [&](const Shape& shape) { return generator.randn(shape); };
  Tensor latents = draw({1, 64, 64, 1});
  for (float& value : latents.values()) value *= sampler->init_noise_sigma();
  const Tensor made = run(*sampler, latents, sampler->evaluations(), draw);
  double sum = 0, squares = 0;
  for (const float value : made.values()) {
    sum += value;
    squares += double{value} * value;
  }
  const auto count = static_cast<double>(made.values().size());
  return {sum / count, std::sqrt(squares / count - sum / count * (sum / count))};
}

// New noise neither adds to the data's spread nor takes from it.
TEST(Noise, LeavesTheDataAsItIs) {
  for (const auto& name : sampler_names()) {
    // These go to x_0 at each evaluation, which is the data's mean rather than one of them.
    if (name == "lcm" || name == "tcd") continue;
    const auto able = schedulers_of(name);
    const bool has_karras = std::ranges::find(able, "karras") != able.end();
    const Moments made = moments_of(name, has_karras ? "karras" : "normal", 100, kDefaultEta);
    EXPECT_NEAR(made.mean, kMean, 0.05) << name;
    EXPECT_NEAR(made.deviation, kDeviation, 0.05) << name;
  }
}

// Without new noise TCD is DDIM, whose steps between two timesteps keep the data; with it, it is as LCM.
TEST(Noise, OfTcdIsWhatEtaSays) {
  EXPECT_NEAR(moments_of("tcd", "normal", 50, 0).deviation, kDeviation, 0.05);
  EXPECT_LT(moments_of("tcd", "normal", 50, 1).deviation,
            0.97 * moments_of("tcd", "normal", 50, 0).deviation);
}

TEST(TwoEvaluations, BelongToOneStep) {
  const auto sampler = make_sampler("heun", "normal", sd1(), 20);
  EXPECT_EQ(sampler->evaluations(), 39);
  EXPECT_EQ(sampler->progress(1), sampler->progress(0));
  EXPECT_DOUBLE_EQ(sampler->progress(2), 1.0 / 20);
  EXPECT_EQ(sampler->evaluation_at(0, 0.5), 20) << "where a step begins";
  EXPECT_EQ(sampler->first_evaluation(0.5F), 20);
  EXPECT_EQ(sampler->first_evaluation(0.0F), 39);
  EXPECT_EQ(sampler->first_evaluation(1.0F), 0);
}

/// A run somewhere on its way.
struct Underway {
  std::unique_ptr<Sampler> sampler;
  TorchGenerator generator;
  Tensor latents;
  int next;

  void advance() {
    const auto draw = [&](const Shape& shape) { return generator.randn(shape); };
    const Tensor epsilon = exact_noise(latents, sampler->noise_level(next));
    latents = sampler->step(epsilon, next++, latents, draw);
  }
};

// The dial takes copies of a run wherever positions part.
TEST(Samplers, GoOnAfterACopy) {
  for (const auto& name : sampler_names()) {
    Underway whole{make_sampler(name, "normal", sd1(), 7), TorchGenerator(1), {}, 0};
    whole.latents = whole.generator.randn({1, 2, 2, 1});
    for (float& value : whole.latents.values()) value *= whole.sampler->init_noise_sigma();
    std::vector<Underway> copies;
    while (whole.next < whole.sampler->evaluations()) {
      copies.push_back({whole.sampler->clone(), whole.generator, whole.latents, whole.next});
      whole.advance();
    }
    for (Underway& copy : copies) {
      const int begun = copy.next;
      while (copy.next < copy.sampler->evaluations()) copy.advance();
      EXPECT_TRUE(std::ranges::equal(copy.latents.values(), whole.latents.values())) << name << " " << begun;
    }
    EXPECT_TRUE(std::ranges::all_of(whole.latents.values(), [](float v) { return std::isfinite(v); }))
        << name;
  }
}

}  // namespace
}  // namespace latentdial::detail
