#include "diffusion/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>
#include <utility>

#include "latentdial/error.h"
#include "latentdial/json.h"

namespace latentdial::detail {
namespace {

using nlohmann::json;

constexpr int kMaxTrainTimesteps = 100'000;

template <class T>
using Choices = std::vector<std::pair<std::string, T>>;

// The member `key`, or null when it is missing or null: diffusers writes null for "the default".
const json& member(const json& config, const std::string& key) {
  static const json kMissing;
  const auto found = config.find(key);
  return found == config.end() ? kMissing : *found;
}

Error bad_field(const std::string& key, const json& value, const std::string& expected) {
  return invalid_input(fmt::format("scheduler_config.json: \"{}\" is {}, expected {}", key,
                                   json_line(value).substr(0, 60), expected));
}

std::optional<double> number(const json& config, const std::string& key, double low, double high) {
  const json& value = member(config, key);
  if (value.is_null()) return std::nullopt;
  if (!value.is_number() || !(value.get<double>() >= low && value.get<double>() <= high)) {
    throw bad_field(key, value, fmt::format("a number from {} to {}", low, high));
  }
  return value.get<double>();
}

int integer(const json& config, const std::string& key, int otherwise, int low, int high) {
  const json& value = member(config, key);
  const double read = number(config, key, low, high).value_or(otherwise);
  if (read != std::floor(read)) throw bad_field(key, value, "a whole number");
  return static_cast<int>(read);
}

std::optional<bool> boolean(const json& config, const std::string& key) {
  const json& value = member(config, key);
  if (value.is_null()) return std::nullopt;
  if (!value.is_boolean()) throw bad_field(key, value, "true or false");
  return value.get<bool>();
}

template <class T>
std::optional<T> choice(const json& config, const std::string& key, const Choices<T>& choices) {
  const json& value = member(config, key);
  if (value.is_null()) return std::nullopt;
  std::string names;
  for (const auto& [name, meaning] : choices) {
    if (value.is_string() && value.get_ref<const std::string&>() == name) return meaning;
    names += (names.empty() ? "" : ", ") + name;
  }
  throw bad_field(key, value, "one of " + names);
}

std::vector<float> read_betas(const json& config) {
  const json& value = member(config, "trained_betas");
  if (value.is_null()) return {};
  const auto is_beta = [](const json& beta) {
    return beta.is_number() && beta.get<double>() >= 0.0 && beta.get<double>() < 1.0;
  };
  if (!value.is_array() || value.size() < 2 || value.size() > kMaxTrainTimesteps ||
      !std::all_of(value.begin(), value.end(), is_beta)) {
    throw bad_field("trained_betas", value, "an array of numbers from 0 to 1");
  }
  return value.get<std::vector<float>>();
}

using Names = std::vector<std::string>;

// A setting of diffusers' schedulers that changes the picture, its only value here, who would read it, and
// whose solver it is about: of another class's it says nothing.
struct Setting {
  std::string key;
  json only_value;
  Names samplers;
  std::string of_class = "";
};

const std::string kDpmClass = "DPMSolverMultistepScheduler";
const Names kDpm = {"dpm++2m", "dpm++2m_sde", "dpm++3m_sde"};
const Names kMultistep = {"dpm++2m", "dpm++2m_sde", "dpm++3m_sde", "unipc", "deis"};

const std::vector<Setting>& settings_read() {
  static const std::vector<Setting> settings = {
      {"thresholding", false, {"ddim", "lcm", "ddpm", "tcd"}},
      {"thresholding", false, kMultistep},
      {"interpolation_type", "linear", {"euler"}},
      {"timestep_type", "discrete", {"euler"}},
      {"sigma_min", nullptr, {"euler"}},
      {"sigma_max", nullptr, {"euler"}},
      {"final_sigmas_type", "zero", {"euler", "dpm++2m", "dpm++2m_sde", "dpm++3m_sde", "unipc"}},
      {"use_lu_lambdas", false, kDpm},
      {"use_flow_sigmas", false, kMultistep},
      {"clip_sample", false, {"heun"}},
      {"solver_type", "midpoint", kDpm, kDpmClass},
      {"lower_order_final", true, kDpm, kDpmClass},
      {"variance_type", nullptr, kDpm, kDpmClass},
      {"variance_type", "fixed_small", {"ddpm"}, "DDPMScheduler"},
      {"solver_order", 2, {"unipc"}, "UniPCMultistepScheduler"},
      {"solver_type", "bh2", {"unipc"}, "UniPCMultistepScheduler"},
      {"predict_x0", true, {"unipc"}, "UniPCMultistepScheduler"},
      {"lower_order_final", true, {"unipc"}, "UniPCMultistepScheduler"},
      {"disable_corrector", json::array(), {"unipc"}, "UniPCMultistepScheduler"},
      {"solver_order", 2, {"deis"}, "DEISMultistepScheduler"},
      {"lower_order_final", true, {"deis"}, "DEISMultistepScheduler"},
  };
  return settings;
}

void refuse(const std::string& key, const json& value, const Names& samplers,
            std::map<std::string, std::string>& found) {
  for (const std::string& sampler : samplers)
    found.emplace(sampler, fmt::format("\"{}\": {}", key, json_line(value).substr(0, 60)));
}

// A file that names no class means the solver that most have.
std::string class_of(const json& config) {
  const json& name = member(config, "_class_name");
  return name.is_string() ? name.get<std::string>() : kDpmClass;
}

std::map<std::string, std::string> find_not_honoured(const json& config) {
  std::map<std::string, std::string> found;
  for (const Setting& setting : settings_read()) {
    const json& value = member(config, setting.key);
    const bool is_about = setting.of_class.empty() || setting.of_class == class_of(config);
    if (is_about && !value.is_null() && value != setting.only_value)
      refuse(setting.key, value, setting.samplers, found);
  }
  return found;
}

// Which of DPM-Solver's forms the file means: those that are not here are refused to all three.
void read_dpm_solver(const json& config, NoiseSchedule& schedule) {
  if (class_of(config) != kDpmClass) return;
  const json& algorithm = member(config, "algorithm_type");
  schedule.stochastic_solver = algorithm == "sde-dpmsolver++";
  schedule.solver_order = integer(config, "solver_order", 2, 1, 3);
  if (!algorithm.is_null() && algorithm != "dpmsolver++" && !schedule.stochastic_solver)
    refuse("algorithm_type", algorithm, kDpm, schedule.not_honoured_by);
  const bool is_here =
      schedule.solver_order == 2 || (schedule.solver_order == 3 && schedule.stochastic_solver);
  if (!is_here) refuse("solver_order", schedule.solver_order, kDpm, schedule.not_honoured_by);
}

std::string read_scheduler(const json& config) {
  for (const char* name : {"karras", "exponential", "beta"})
    if (boolean(config, fmt::format("use_{}_sigmas", name)).value_or(false)) return name;
  return "normal";
}

}  // namespace

NoiseSchedule NoiseSchedule::from_json(const json& source) {
  if (!source.is_object()) {
    throw invalid_input("scheduler_config.json: expected a JSON object with diffusers' scheduler fields");
  }
  NoiseSchedule config;
  if (const json& name = member(source, "_class_name"); name.is_string()) {
    config.class_name = name.get<std::string>();
  }
  config.num_train_timesteps = integer(source, "num_train_timesteps", 1000, 2, kMaxTrainTimesteps);
  config.beta_start = number(source, "beta_start", 1e-12, 0.999999);
  config.beta_end = number(source, "beta_end", 1e-12, 0.999999);
  config.beta_schedule = choice<BetaSchedule>(source, "beta_schedule",
                                              {{"linear", BetaSchedule::linear},
                                               {"scaled_linear", BetaSchedule::scaled_linear},
                                               {"squaredcos_cap_v2", BetaSchedule::squaredcos_cap_v2}});
  config.trained_betas = read_betas(source);
  if (!config.trained_betas.empty()) {
    config.num_train_timesteps = static_cast<int>(config.trained_betas.size());
  }
  config.prediction_type = choice<PredictionType>(source, "prediction_type",
                                                  {{"epsilon", PredictionType::epsilon},
                                                   {"v_prediction", PredictionType::v_prediction},
                                                   {"sample", PredictionType::sample}})
                               .value_or(PredictionType::epsilon);
  config.steps_offset = integer(source, "steps_offset", 0, 0, config.num_train_timesteps - 1);
  config.timestep_spacing = choice<TimestepSpacing>(source, "timestep_spacing",
                                                    {{"linspace", TimestepSpacing::linspace},
                                                     {"leading", TimestepSpacing::leading},
                                                     {"trailing", TimestepSpacing::trailing}});
  config.set_alpha_to_one = boolean(source, "set_alpha_to_one");
  config.skip_prk_steps = boolean(source, "skip_prk_steps").value_or(false);
  config.clip_sample = boolean(source, "clip_sample");
  config.clip_sample_range = static_cast<float>(number(source, "clip_sample_range", 0.0, 1e6).value_or(1.0));
  config.original_inference_steps = integer(source, "original_inference_steps", 50, 1, kMaxTrainTimesteps);
  config.timestep_scaling = number(source, "timestep_scaling", 0.0, 1e6).value_or(10.0);
  config.rescale_betas_zero_snr = boolean(source, "rescale_betas_zero_snr").value_or(false);
  config.scheduler = read_scheduler(source);
  config.not_honoured_by = find_not_honoured(source);
  read_dpm_solver(source, config);
  return config;
}

float timestep_as_noisy(float timestep, const NoiseSchedule& schedule) {
  NoiseSchedule known;
  known.beta_start = 0.00085;
  known.beta_end = 0.012;
  known.beta_schedule = BetaSchedule::scaled_linear;
  const float wanted = alphas_cumprod(known).at(static_cast<std::size_t>(timestep));
  const auto alphas = alphas_cumprod(schedule);
  const auto nearest = std::ranges::min_element(alphas, {}, [&](float alpha) {
    return std::abs(std::log(alpha / wanted * (1 - wanted) / (1 - alpha)));
  });
  return static_cast<float>(nearest - alphas.begin());
}

}  // namespace latentdial::detail
