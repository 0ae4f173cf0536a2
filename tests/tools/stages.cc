// Runs single stages of a model on given tensors, so that `make parity` can compare each with diffusers.
//
//   stages MODEL DTYPE FOLDER
//
// FOLDER/request.json maps a stage to its inputs; tensors are raw little-endian f32 files beside it, pictures
// and latents channels-last:
//   {"text": {"ids": [...], "second_ids": [...], "end": 9}, "unet": {"latents": T, "timestep": 500,
//   "text_states": T, "vectors": T}, "decode": {"latents": T}, "encode": {"pixels": T}, "taesd": {"path":
//   "...", "latents": T}}
// with T = {"file": NAME, "shape": [...]}. Each stage writes FOLDER/<stage>.f32; text of a model with two
// text encoders, whose second reads "second_ids" with the end token at "end", text_2.f32 and summary.f32 too.

#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "models/autoencoder.h"
#include "models/clip_text.h"
#include "models/tiny_decoder.h"
#include "models/unet.h"
#include "ops/cpu_backend.h"
#include "tools/tensor_files.h"
#include "weights/checkpoint.h"
#include "weights/tiny_decoder_files.h"

namespace {

using latentdial::detail::Tensor;
using latentdial::detail::write_tensor;
using nlohmann::json;
namespace fs = std::filesystem;

Tensor read_tensor(const fs::path& folder, const json& description) {
  return latentdial::detail::read_tensor(folder / description.at("file").get<std::string>(),
                                         description.at("shape").get<latentdial::detail::Shape>());
}

void read_text(const latentdial::detail::Checkpoint& checkpoint, const latentdial::detail::ops::Backend& ops,
               const json& request, const fs::path& folder) {
  namespace models = latentdial::detail::models;
  const auto& second = checkpoint.text_encoder_2;
  const auto load = [&](const latentdial::detail::Component& component) -> models::ClipText {
    return {{component.weights, &ops},
            models::TextConfig::from_json(component.config),
            {},
            second ? models::TextStates::penultimate : models::TextStates::last};
  };
  const auto ids = request.at("ids").get<std::vector<std::int32_t>>();
  write_tensor(folder / "text.f32", ops.to_host(load(checkpoint.text_encoder)(ids)));
  if (!second) return;
  const auto text_2 = load(*second);
  const Tensor states = text_2(request.at("second_ids").get<std::vector<std::int32_t>>());
  write_tensor(folder / "text_2.f32", ops.to_host(states));
  write_tensor(folder / "summary.f32",
               ops.to_host(text_2.summary(states, request.at("end").get<std::int64_t>())));
}

void run(const std::string& model, const std::string& dtype, const fs::path& folder) {
  namespace models = latentdial::detail::models;
  const auto request = json::parse(std::ifstream(folder / "request.json"));
  const auto ops = latentdial::detail::ops::make_cpu_backend(
      {.dtype = dtype == "f32" ? latentdial::detail::DType::f32 : latentdial::detail::DType::bf16,
       .int8 = dtype == "int8"});
  const auto checkpoint = latentdial::detail::open_checkpoint(model);

  if (request.contains("text")) read_text(checkpoint, *ops, request["text"], folder);
  if (request.contains("unet")) {
    const auto& inputs = request["unet"];
    const models::UNet unet({checkpoint.unet.weights, ops.get()},
                            models::UNetConfig::from_json(checkpoint.unet.config));
    const Tensor vectors = inputs.contains("vectors") ? read_tensor(folder, inputs["vectors"]) : Tensor();
    const Tensor output =
        unet(ops->to_device(read_tensor(folder, inputs["latents"])),
             unet.project_times(std::vector{inputs["timestep"].get<float>()}, vectors).front(),
             unet.project_tokens(ops->to_device(read_tensor(folder, inputs["text_states"]))));
    write_tensor(folder / "unet.f32", ops->to_host(output));
  }
  if (request.contains("taesd")) {
    const auto taesd = latentdial::detail::open_tiny_decoder(request["taesd"]["path"].get<std::string>());
    const models::TinyDecoder decoder({taesd.weights, ops.get()},
                                      models::TinyDecoderConfig::from_json(taesd.config));
    write_tensor(folder / "taesd.f32", decoder(read_tensor(folder, request["taesd"]["latents"])));
  }
  const auto vae = models::AutoencoderConfig::from_json(checkpoint.vae.config);
  if (request.contains("decode")) {
    const models::Decoder decoder({checkpoint.vae.weights, ops.get()}, vae);
    write_tensor(folder / "decode.f32", decoder(read_tensor(folder, request["decode"]["latents"])));
  }
  if (request.contains("encode")) {
    const models::Encoder encoder({checkpoint.vae.weights, ops.get()}, vae);
    write_tensor(folder / "encode.f32", encoder(read_tensor(folder, request["encode"]["pixels"])).mean);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: stages MODEL f32|bf16 FOLDER\n");
    return 2;
  }
  try {
    run(argv[1], argv[2], argv[3]);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "stages: %s\n", error.what());
    return 1;
  }
}
