// What single files of the wild say of their training, and where.

#include "weights/training.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "weights/test_files.h"

namespace latentdial::detail {
namespace {

using testing::TempDir;
using testing::write_file;
using Metadata = std::map<std::string, std::string>;

CheckpointFile file_with(const Metadata& metadata, const std::vector<std::string>& tensors = {}) {
  CheckpointFile file;
  file.metadata = metadata;
  for (const auto& name : tensors) file.tensors[name] = {{0}, "F32", DType::f32, {}};
  return file;
}

Training read(const Metadata& metadata, const std::vector<std::string>& tensors = {}) {
  return read_training("/nowhere/model.safetensors", file_with(metadata, tensors));
}

TEST(Training, IsReadFromMetadata) {
  for (const auto& [key, value] : std::vector<std::pair<std::string, std::string>>{
           {"modelspec.prediction_type", "v"},
           {"modelspec.prediction_type", "v_prediction"},
           {"modelspec.prediction_type", "V-Prediction"},
           {"modelspec.predict_key", "v"},
           {"modelspec.architecture", "stable-diffusion-v2-768-v"},
           {"ss_v_parameterization", "True"}}) {
    EXPECT_EQ(read({{key, value}}).v_prediction, true) << key << value;
  }
  for (const auto& [key, value] :
       std::vector<std::pair<std::string, std::string>>{{"modelspec.prediction_type", "epsilon"},
                                                        {"modelspec.prediction_type", "eps"},
                                                        {"modelspec.predict_key", "epsilon"},
                                                        {"modelspec.architecture", "stable-diffusion-v2-512"},
                                                        {"ss_v_parameterization", "False"},
                                                        {"global_step", "875000"}}) {
    EXPECT_EQ(read({{key, value}}).v_prediction, false) << key << value;
  }
  for (const auto& [key, value] : std::vector<std::pair<std::string, std::string>>{
           {"modelspec.architecture", "stable-diffusion-v1"}, {"global_step", "110000"}, {"format", "pt"}}) {
    EXPECT_EQ(read({{key, value}}).v_prediction, std::nullopt) << key << value;
  }
}

TEST(Training, IsReadFromEmptyTensors) {
  EXPECT_EQ(read({}, {"v_pred"}).v_prediction, true);
  EXPECT_FALSE(read({}, {"v_pred"}).zero_terminal_snr);
  EXPECT_TRUE(read({}, {"v_pred", "ztsnr"}).zero_terminal_snr);
  EXPECT_TRUE(read({{"ss_zero_terminal_snr", "True"}}).zero_terminal_snr);
  EXPECT_FALSE(read({{"ss_zero_terminal_snr", "False"}}).zero_terminal_snr);
}

TEST(Training, SaysTheSize) {
  EXPECT_EQ(read({{"modelspec.resolution", "768x768"}}).sides, 768);
  EXPECT_EQ(read({{"modelspec.resolution", "(512, 512)"}}).sides, 512);
  EXPECT_EQ(read({{"modelspec.resolution", "large"}}).sides, std::nullopt);
  EXPECT_EQ(read({{"modelspec.resolution", "7"}}).sides, std::nullopt);
}

TEST(Training, IsReadFromTheYamlBesideTheFileFirst) {
  const TempDir dir;
  const auto read_yaml = [&](const std::string& yaml) {
    write_file(dir / "model.yaml", yaml);
    return read_training(dir / "model.safetensors", file_with({{"modelspec.prediction_type", "epsilon"}}));
  };
  for (const char* v : {"model:\n  params:\n    parameterization: \"v\"\n", "parameterization: v",
                        "model:\r\n  params:\r\n    parameterization: 'v'  # as trained\r\n",
                        "model: {params: {parameterization: \"v\", timesteps: 1000}}\n"})
    EXPECT_EQ(read_yaml(v).v_prediction, true) << v;
  for (const char* eps :
       {"parameterization: \"eps\"", "# parameterization: \"v\"\n", "", "[1, 2]", "\t\0:\n:"})
    EXPECT_EQ(read_yaml(eps).v_prediction, false) << eps;
  EXPECT_TRUE(read_yaml("  rescale_betas_zero_snr: true\n").zero_terminal_snr);
}

TEST(Training, GoesIntoTheSchedule) {
  nlohmann::json config = {{"_class_name", "PNDMScheduler"}, {"prediction_type", "epsilon"}};
  apply({}, config);
  EXPECT_EQ(config, nlohmann::json({{"_class_name", "PNDMScheduler"}, {"prediction_type", "epsilon"}}));
  apply({.v_prediction = true, .zero_terminal_snr = true, .sides = {}}, config);
  EXPECT_EQ(config, nlohmann::json({{"_class_name", "DDIMScheduler"},
                                    {"prediction_type", "v_prediction"},
                                    {"rescale_betas_zero_snr", true},
                                    {"timestep_spacing", "trailing"}}));
}

}  // namespace
}  // namespace latentdial::detail
