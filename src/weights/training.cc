#include "weights/training.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "files/read_file.h"
#include "latentdial/text.h"
#include "text/words.h"

namespace latentdial::detail {
namespace {

using Facts = std::map<std::string, std::string, std::less<>>;

constexpr std::uintmax_t kLargestYaml = 1u << 20;

bool is_one_of(const std::string& value, std::initializer_list<std::string_view> list) {
  return std::ranges::find(list, std::string_view(value)) != list.end();
}

/// "key: value" of any depth of a YAML file, the first of each key; lists and texts of several lines are left
/// out.
Facts read_yaml(const std::filesystem::path& path) {
  std::error_code fault;
  std::string text = read_file(path, kLargestYaml, fault);
  std::ranges::replace_if(
      text, [](char c) { return c == '{' || c == '}' || c == ','; }, '\n');  // Flow style.
  Facts facts;
  for (std::string_view line : split(text, '\n')) {
    line = trimmed(line.substr(0, line.find('#')));
    const auto colon = line.find(':');
    if (fault || colon == std::string_view::npos) continue;
    std::string_view value = trimmed(line.substr(colon + 1));
    if (value.size() > 1 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front())
      value = value.substr(1, value.size() - 2);
    facts.emplace(trimmed(line.substr(0, colon)), value);
  }
  return facts;
}

/// The first fact of these names, in lower case; "" where there is none.
std::string find(const Facts& facts, std::initializer_list<std::string_view> names) {
  for (const auto name : names)
    if (const auto found = facts.find(name); found != facts.end()) return lower(trimmed(found->second));
  return "";
}

std::optional<bool> prediction_in(const Facts& facts) {
  const std::string said = find(facts, {"modelspec.prediction_type", "modelspec.predict_key",
                                        "prediction_type", "parameterization", "ss_v_parameterization"});
  if (is_one_of(said, {"v", "v_prediction", "v-prediction", "vpred", "v_pred", "velocity", "true"}))
    return true;
  if (is_one_of(said, {"eps", "epsilon", "eps_prediction", "noise", "false"})) return false;
  const std::string architecture = find(facts, {"modelspec.architecture"});
  if (architecture.starts_with("stable-diffusion-v2-768-v")) return true;
  if (architecture.starts_with("stable-diffusion-v2-512")) return false;
  if (find(facts, {"global_step"}) == "875000") return false;  // stabilityai/stable-diffusion-2-base.
  return std::nullopt;
}

bool zero_snr_in(const Facts& facts) {
  const std::string said = find(facts, {"rescale_betas_zero_snr", "zero_terminal_snr", "ss_zero_terminal_snr",
                                        "use_zero_terminal_snr", "modelspec.zero_terminal_snr", "ztsnr"});
  return is_one_of(said, {"true", "1", "yes"});
}

/// "768x768", "(768, 768)" or "768".
std::optional<std::int64_t> sides_in(const Facts& facts) {
  constexpr std::string_view kDigits = "0123456789";
  std::string said = find(facts, {"modelspec.resolution"});
  said.erase(0, said.find_first_of(kDigits));
  said = said.substr(0, said.find_first_not_of(kDigits));
  int side = 0;
  if (!read_number(said, side) || side < 64 || side > 2048 || side % 64 != 0) return std::nullopt;
  return side;
}

}  // namespace

Training read_training(const std::filesystem::path& path, const CheckpointFile& file) {
  const Facts metadata(file.metadata.begin(), file.metadata.end());
  const Facts yaml = read_yaml(std::filesystem::path(path).replace_extension(".yaml"));
  Training training;
  training.v_prediction = prediction_in(yaml);
  if (!training.v_prediction) training.v_prediction = prediction_in(metadata);
  if (!training.v_prediction && file.tensors.contains("v_pred")) training.v_prediction = true;
  training.zero_terminal_snr = zero_snr_in(yaml) || zero_snr_in(metadata) || file.tensors.contains("ztsnr");
  training.sides = sides_in(metadata);
  return training;
}

void apply(const Training& training, nlohmann::json& scheduler_config) {
  if (training.v_prediction)
    scheduler_config["prediction_type"] = *training.v_prediction ? "v_prediction" : "epsilon";
  if (!training.zero_terminal_snr) return;
  scheduler_config["_class_name"] = "DDIMScheduler";
  scheduler_config["rescale_betas_zero_snr"] = true;
  scheduler_config["timestep_spacing"] = "trailing";
}

}  // namespace latentdial::detail
