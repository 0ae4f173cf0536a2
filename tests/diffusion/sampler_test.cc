// Every sampler walks the path that diffusers' scheduler of that name walks.

#include "diffusion/sampler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "diffusion/random.h"
#include "latentdial/error.h"
#include "tools/dummy_denoiser.h"

namespace latentdial::detail {
namespace {

using nlohmann::json;

const json& golden() {
  static const json loaded = json::parse(std::ifstream(LATENTDIAL_GOLDEN_DIR "/diffusion/trajectories.json"));
  return loaded;
}

/// Largest difference over largest value.
double distance(const Tensor& ours, const std::vector<float>& theirs) {
  double difference = 0, largest = 0;
  for (std::size_t i = 0; i < theirs.size(); ++i) {
    difference = std::max(difference, std::abs(static_cast<double>(ours.values()[i]) - theirs[i]));
    largest = std::max(largest, std::abs(static_cast<double>(theirs[i])));
  }
  return difference / largest;
}

class Trajectory : public testing::TestWithParam<std::size_t> {};

TEST_P(Trajectory, IsDiffusersAtEveryStep) {
  const json& one = golden().at("cases").at(GetParam());
  const auto sampler = make_sampler(one.at("sampler"), one.at("scheduler"),
                                    NoiseSchedule::from_json(one.at("config")), golden().at("steps"));
  TorchGenerator generator(golden().at("seed").get<std::uint64_t>());
  const auto draw = [&](const Shape& shape) { return generator.randn(shape); };
  const auto shape = golden().at("shape").get<Shape>();
  Tensor latents = draw(shape);
  int first = 0;
  if (one.at("strength").is_null()) {
    for (float& value : latents.values()) value *= sampler->init_noise_sigma();
  } else {
    first = sampler->first_evaluation(one.at("strength").get<float>());
    latents = sampler->add_noise(latents, draw(shape), first);
  }
  ASSERT_EQ(sampler->evaluations(), static_cast<int>(one.at("timesteps").size()));
  for (int i = 0; i < sampler->evaluations(); ++i) {
    EXPECT_NEAR(sampler->timestep(i), one.at("timesteps")[static_cast<std::size_t>(i)].get<float>(), 1e-2);
  }
  const auto seen = one.at("latents").get<std::vector<std::vector<float>>>();
  std::size_t step = 0;
  EXPECT_LE(distance(latents, seen[step]), 1e-4);
  run_dummy(*sampler, latents, first, draw,
            [&](const Tensor& x) { EXPECT_LE(distance(x, seen[++step]), 1e-4) << "step " << step; });
  EXPECT_EQ(step + 1, seen.size());
}

INSTANTIATE_TEST_SUITE_P(Golden, Trajectory, testing::Range<std::size_t>(0, golden().at("cases").size()),
                         [](const auto& param) {
                           const json& one = golden().at("cases").at(param.param);
                           std::string name = one.at("sampler").get<std::string>() + "_" +
                                              one.at("scheduler").get<std::string>() + "_" +
                                              one.at("config").at("prediction_type").get<std::string>() +
                                              (one.at("strength").is_null() ? "" : "_image");
                           std::replace(name.begin(), name.end(), '+', 'p');
                           return name;
                         });

NoiseSchedule sd1() {
  return NoiseSchedule::from_json(golden().at("cases")[0].at("config"));
}

/// Whether a whole run on the dummy denoiser stays finite.
bool runs_finite(Sampler& sampler) {
  TorchGenerator generator(1);
  const auto draw = [&](const Shape& shape) { return generator.randn(shape); };
  Tensor latents = draw({1, 2, 2, 1});
  for (float& value : latents.values()) value *= sampler.init_noise_sigma();
  bool finite = true;
  run_dummy(sampler, latents, 0, draw, [&](const Tensor& x) {
    finite =
        finite && std::all_of(x.values().begin(), x.values().end(), [](float v) { return std::isfinite(v); });
  });
  return finite;
}

/// Every sampler with each scheduler that it has.
std::vector<std::pair<std::string, std::string>> pairs() {
  std::vector<std::pair<std::string, std::string>> all;
  for (const auto& sampler : sampler_names())
    for (const auto& scheduler : schedulers_of(sampler)) all.emplace_back(sampler, scheduler);
  return all;
}

TEST(Samplers, TakeAnyNumberOfSteps) {
  for (const auto& [name, scheduler] : pairs()) {
    const bool distilled = name == "lcm" || name == "tcd";
    for (const int steps : {1, 2, 3, 50, 999}) {
      if (distilled && steps > 50) continue;
      if (scheduler == "leading" && steps == 999) continue;  // steps_offset goes past the last timestep.
      const auto sampler = make_sampler(name, scheduler, sd1(), steps);
      EXPECT_TRUE(runs_finite(*sampler)) << name << " " << scheduler << ", " << steps << " steps";
    }
  }
}

// diffusers reads past its table, or its latents are not numbers.
TEST(Samplers, TakeAllTrainingTimestepsOrSayWhyNot) {
  NoiseSchedule config = sd1();
  ASSERT_EQ(config.steps_offset, 1);
  int refused = 0, taken = 0;
  for (const auto& [name, scheduler] : pairs()) {
    for (const int offset : {0, 1}) {
      config.steps_offset = offset;
      std::unique_ptr<Sampler> sampler;
      try {
        sampler = make_sampler(name, scheduler, config, 1000);
        ++taken;
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::invalid_input);
        ++refused;
        continue;
      }
      EXPECT_TRUE(runs_finite(*sampler)) << name << " " << scheduler << " " << offset;
    }
  }
  for (const auto& [name, scheduler] :
       {std::pair{"ddim", "normal"}, {"dpm++2m", "normal"}, {"lcm", "normal"}, {"pndm", "leading"}})
    EXPECT_THROW((void)make_sampler(name, scheduler, config, 1000), Error) << name;
  EXPECT_NO_THROW((void)make_sampler("euler", "karras", config, 1000));
  EXPECT_GT(taken, refused);
}

/// How often a whole run of `steps` steps draws noise.
int draws(const std::string& name, int steps) {
  const auto sampler = make_sampler(name, "normal", sd1(), steps);
  TorchGenerator generator(1);
  int count = 0;
  const auto draw = [&](const Shape& shape) {
    ++count;
    return generator.randn(shape);
  };
  run_dummy(*sampler, generator.randn({1, 2, 2, 1}), 0, draw, [](const Tensor&) {});
  return count;
}

TEST(Samplers, DrawNoiseAsOftenAsThoseOfDiffusers) {
  EXPECT_EQ(draws("ddim", 4), 0);
  EXPECT_EQ(draws("euler_a", 4), 4);
  EXPECT_EQ(draws("lcm", 4), 3);
  EXPECT_EQ(draws("lcm", 1), 0);
  EXPECT_EQ(draws("heun", 4), 0);
  EXPECT_EQ(draws("dpm2_a", 4), 3);
  EXPECT_EQ(draws("dpm++sde", 4), 6);
  EXPECT_EQ(draws("dpm++2m_sde", 4), 4);
  EXPECT_EQ(draws("tcd", 4), 3);
}

TEST(Lcm, RefusesWhatItsFileCannotMean) {
  NoiseSchedule config = sd1();
  config.num_train_timesteps = 40;
  EXPECT_THROW((void)make_sampler("lcm", "normal", config, 4), Error)
      << "fewer timesteps than distilled steps";
  config = NoiseSchedule::from_json(json{{"thresholding", true}});
  EXPECT_THROW((void)make_sampler("lcm", "normal", config, 4), Error);
  EXPECT_THROW((void)NoiseSchedule::from_json(json{{"original_inference_steps", 0}}), Error);
}

TEST(Samplers, KnowWhatTheLatentsHold) {
  for (const auto& name : sampler_names()) {
    const auto sampler = make_sampler(name, "normal", sd1(), 20);
    for (int i = 0; i + 1 < sampler->evaluations(); ++i)
      EXPECT_GE(sampler->sigma(i), sampler->sigma(i + 1)) << name << " " << i;
    EXPECT_EQ(sampler->progress(0), 0);
    EXPECT_LT(sampler->progress(sampler->evaluations() - 1), 1);
  }
}

std::string fault(const std::string& sampler, const std::string& scheduler, int steps) {
  try {
    (void)make_sampler(sampler, scheduler, sd1(), steps);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_input);
    return error.what();
  }
  return "";
}

TEST(Samplers, NameTheChoices) {
  EXPECT_THAT(fault("restart", "normal", 20),
              testing::AllOf(testing::HasSubstr("restart"), testing::HasSubstr("dpm++2m")));
  EXPECT_THAT(fault("euler", "kl_optimal", 20), testing::HasSubstr("karras"));
  EXPECT_THAT(fault("pndm", "karras", 20),
              testing::HasSubstr("\"pndm\" does not go by \"karras\"; use normal, trailing"));
  EXPECT_THAT(fault("euler", "normal", 0), testing::HasSubstr("1 to 1000"));
  EXPECT_THAT(fault("euler", "normal", 1001), testing::HasSubstr("1 to 1000"));
  EXPECT_THAT(fault("lcm", "normal", 51),
              testing::AllOf(testing::HasSubstr("1 to 50"), testing::HasSubstr("51")));
  EXPECT_THAT(fault("tcd", "normal", 51),
              testing::AllOf(testing::HasSubstr("tcd"), testing::HasSubstr("1 to 50")));
  EXPECT_THAT(fault("lcm", "karras", 4), testing::HasSubstr("lcm"));
  EXPECT_THAT(fault("lcm", "trailing", 4), testing::HasSubstr("use normal with it"));
}

TEST(Samplers, StayInOneLineWhateverTheName) {
  EXPECT_THAT(fault("re\nstart", "normal", 20), testing::Not(testing::HasSubstr("\n")));
  EXPECT_THAT(fault("euler", "be\nta", 20), testing::Not(testing::HasSubstr("\n")));
}

DefaultSampler default_of(const json& config) {
  return default_sampler(NoiseSchedule::from_json(config));
}

TEST(DefaultSampler, IsTheOneOfTheConfigsClass) {
  const std::map<std::string, std::string> classes = {{"PNDMScheduler", "pndm"},
                                                      {"DDIMScheduler", "ddim"},
                                                      {"EulerDiscreteScheduler", "euler"},
                                                      {"EulerAncestralDiscreteScheduler", "euler_a"},
                                                      {"DPMSolverMultistepScheduler", "dpm++2m"},
                                                      {"LCMScheduler", "lcm"},
                                                      {"HeunDiscreteScheduler", "heun"},
                                                      {"KDPM2DiscreteScheduler", "dpm2"},
                                                      {"KDPM2AncestralDiscreteScheduler", "dpm2_a"},
                                                      {"DPMSolverSDEScheduler", "dpm++sde"},
                                                      {"UniPCMultistepScheduler", "unipc"},
                                                      {"DEISMultistepScheduler", "deis"},
                                                      {"LMSDiscreteScheduler", "lms"},
                                                      {"DDPMScheduler", "ddpm"},
                                                      {"TCDScheduler", "tcd"}};
  for (const auto& [name, sampler] : classes) {
    EXPECT_EQ(default_of({{"_class_name", name}}).name, sampler);
    EXPECT_EQ(default_of({{"_class_name", name}}).notice, "");
  }
  EXPECT_EQ(default_of(json::object()).name, "pndm");
  EXPECT_EQ(default_of(json::object()).notice, "");
}

TEST(DefaultSampler, IsTheNearestWhereThatOneIsNotHere) {
  const std::map<std::string, std::string> classes = {{"SASolverScheduler", "dpm++2m"},
                                                      {"DPMSolverSinglestepScheduler", "dpm++2m"},
                                                      {"EDMEulerScheduler", "euler"},
                                                      {"DDPMParallelScheduler", "ddpm"},
                                                      {"CMStochasticIterativeScheduler", "lcm"},
                                                      {"Some\nbodysScheduler", "ddim"}};
  for (const auto& [name, sampler] : classes) {
    const DefaultSampler found = default_of({{"_class_name", name}});
    EXPECT_EQ(found.name, sampler) << name;
    EXPECT_THAT(found.notice, testing::AllOf(testing::HasSubstr("is not here; " + sampler),
                                             testing::Not(testing::HasSubstr("\n"))));
  }
}

// What DEIS, UniPC or DDPM are told of their own solvers is no other sampler's business.
TEST(DefaultSampler, ReadsTheSolverOfItsOwnClassAlone) {
  for (const json& config : std::vector<json>{
           {{"_class_name", "DEISMultistepScheduler"}, {"algorithm_type", "deis"}, {"solver_type", "logrho"}},
           {{"_class_name", "UniPCMultistepScheduler"}, {"solver_type", "bh2"}, {"solver_order", 2}},
           {{"_class_name", "DPMSolverSinglestepScheduler"}, {"lower_order_final", false}},
           {{"_class_name", "DDPMScheduler"}, {"variance_type", "fixed_small"}}}) {
    const NoiseSchedule schedule = NoiseSchedule::from_json(config);
    EXPECT_NO_THROW((void)make_sampler(default_sampler(schedule).name, "normal", schedule, 20)) << config;
    EXPECT_NO_THROW((void)make_sampler("dpm++2m", "normal", schedule, 20)) << config;
  }
  const auto sde =
      default_of({{"_class_name", "DPMSolverMultistepScheduler"}, {"algorithm_type", "sde-dpmsolver++"}});
  EXPECT_EQ(sde.name, "dpm++2m_sde");
  EXPECT_EQ(sde.notice, "");
  EXPECT_EQ(default_of({{"_class_name", "DPMSolverMultistepScheduler"},
                        {"algorithm_type", "sde-dpmsolver++"},
                        {"solver_order", 3}})
                .name,
            "dpm++3m_sde");
  for (const json& config : std::vector<json>{
           {{"_class_name", "DPMSolverMultistepScheduler"}, {"algorithm_type", "sde-dpmsolver"}},
           {{"_class_name", "DPMSolverMultistepScheduler"}, {"solver_order", 3}}}) {
    EXPECT_EQ(default_of(config).name, "euler");
    EXPECT_THAT(default_of(config).notice, testing::HasSubstr("is not supported by dpm++2m"));
  }
  const auto third = default_of({{"_class_name", "UniPCMultistepScheduler"}, {"solver_order", 3}});
  EXPECT_EQ(third.name, "dpm++2m");
  EXPECT_THAT(third.notice, testing::HasSubstr("\"solver_order\": 3 is not supported by unipc"));
}

TEST(DefaultScheduler, IsTheOneOfTheConfig) {
  EXPECT_EQ(NoiseSchedule::from_json(json::object()).scheduler, "normal");
  for (const std::string name : {"karras", "exponential", "beta"})
    EXPECT_EQ(NoiseSchedule::from_json({{"use_" + name + "_sigmas", true}}).scheduler, name);
}

TEST(AlignYourSteps, IsForTheNoiseThatItWasFittedTo) {
  NoiseSchedule config = sd1();
  const auto plain = make_sampler("euler", "ays", config, 10);
  EXPECT_NEAR(plain->sigma(1), 6.475, 1e-4);
  EXPECT_NEAR(plain->sigma(9), 0.152, 1e-4);
  EXPECT_NEAR(make_sampler("euler", "ays", config, 20)->sigma(1), std::sqrt(14.615 * 6.475), 1e-3);
  config.aligned_steps = AlignedSteps::sdxl;
  EXPECT_NEAR(make_sampler("euler", "ays", config, 10)->sigma(1), 6.315, 1e-4);
  config.beta_schedule = BetaSchedule::squaredcos_cap_v2;
  EXPECT_THROW((void)make_sampler("euler", "ays", config, 10), Error);
}

TEST(NoiseSchedule, NamesTheFieldThatIsWrong) {
  const auto fault_of = [](const char* text) -> std::string {
    try {
      (void)NoiseSchedule::from_json(json::parse(text));
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(fault_of(R"({"beta_schedule": "quadratic"})"), testing::HasSubstr("beta_schedule"));
  EXPECT_THAT(fault_of(R"({"beta_start": "low"})"), testing::HasSubstr("beta_start"));
  EXPECT_THAT(fault_of(R"({"num_train_timesteps": -1})"), testing::HasSubstr("num_train_timesteps"));
  EXPECT_THAT(fault_of(R"({"prediction_type": "flow"})"), testing::HasSubstr("prediction_type"));
  EXPECT_EQ(fault_of(R"({"a_field_of_the_future": 3})"), "");
}

}  // namespace
}  // namespace latentdial::detail
