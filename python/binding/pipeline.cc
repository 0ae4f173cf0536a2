#include "latentdial/pipeline.h"

#include <fmt/format.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "bind.h"
#include "images.h"
#include "settings.h"
#include "watch.h"

namespace latentdial::binding {
namespace {

namespace nb = nanobind;

Pipeline load(std::string model, std::vector<std::string> lora, std::string lora_dir,
              std::vector<std::string> embedding, std::string unet, std::string vae, std::string refiner,
              std::string prediction, std::string taesd, std::string dtype, int threads, bool profile) {
  const nb::gil_scoped_release unlocked;
  return Pipeline::load({.model = std::move(model),
                         .lora = std::move(lora),
                         .lora_dir = std::move(lora_dir),
                         .embedding = std::move(embedding),
                         .unet = std::move(unet),
                         .vae = std::move(vae),
                         .refiner = std::move(refiner),
                         .prediction = std::move(prediction),
                         .taesd = std::move(taesd),
                         .dtype = std::move(dtype),
                         .threads = threads,
                         .profile = profile});
}

std::vector<Picture> generate(const Pipeline& pipeline, const std::vector<nb::dict>& list,
                              nb::object callback, nb::object on_preview, int preview_every) {
  std::vector<Request> requests;
  for (const nb::dict& dict : list) requests.push_back(request_from_dict(dict));
  std::vector<Picture> pictures(requests.size());
  Watch watch(std::move(callback), static_cast<int>(requests.size()));
  watch.show_previews(std::move(on_preview), preview_every);
  const auto keep = [&](std::size_t index, Picture picture) {
    pictures[index] = std::move(picture);
    watch.picture_finished();
  };
  watch.run(pipeline, [&](const Observer& observer) { pipeline.generate(requests, keep, observer); });
  return pictures;
}

std::vector<Reading> measure(const Pipeline& pipeline, const std::vector<GivenPixels>& list,
                             const std::string& style, const std::string& prompt, int evaluations,
                             std::uint64_t seed, nb::object callback) {
  std::vector<Image> pictures;
  for (const GivenPixels& pixels : list) pictures.push_back(from_array(pixels));
  std::vector<Reading> readings;
  Watch watch(std::move(callback), static_cast<int>(pictures.size()));
  watch.run(pipeline, [&](const Observer& observer) {
    readings = pipeline.measure(
        pictures, {.style = style, .prompt = prompt, .evaluations = evaluations, .seed = seed}, observer);
  });
  return readings;
}

void bind_info(nb::module_& module) {
  nb::class_<LearntWord>(module, "LearntWord", "A word that textual inversion has learnt.")
      .def_ro("word", &LearntWord::word, "As prompts have it.")
      .def_ro("vectors", &LearntWord::vectors, "Token embeddings that it stands for.")
      .def_ro("width", &LearntWord::width, "Of each.");
  nb::class_<ModelInfo>(module, "ModelInfo", "What is known of a loaded model.")
      .def_ro("name", &ModelInfo::name, "Stem of the path, or \"scenes\".")
      .def_ro("path", &ModelInfo::path, "Where it was read from.")
      .def_ro(
          "fingerprint", &ModelInfo::fingerprint,
          "16 hexadecimal digits of text encoder, U-Net, autoencoder, tokenizer and LoRAs: a dial belongs to "
          "one.")
      .def_ro("hash", &ModelInfo::hash,
              "10 hexadecimal digits of all that makes pictures, which carry it as \"Model hash\".")
      .def_ro("format", &ModelInfo::format,
              "\"diffusers folder\", \"CompVis safetensors\", \"CompVis ckpt\" or \"CompVis GGUF\".")
      .def_ro("device", &ModelInfo::device,
              "What computes: processor, instruction set, threads, number format.")
      .def_ro("prediction", &ModelInfo::prediction, "\"epsilon\" or \"v_prediction\".")
      .def_ro("upscales_by", &ModelInfo::upscales_by,
              "An upscaling model: how many times as wide and high it makes a picture; 0: it is another.")
      .def_ro("max_noise_level", &ModelInfo::max_noise_level,
              "An upscaling or unCLIP model's: the most of noise_level.")
      .def_ro("takes_reference", &ModelInfo::takes_reference,
              "An unCLIP model: it draws variations of a reference.")
      .def_ro("inpaints", &ModelInfo::inpaints, "An inpainting checkpoint: it is told the rest of a picture.")
      .def_ro("sampler", &ModelInfo::sampler, "The default sampler, from the model's scheduler config.")
      .def_ro("scheduler", &ModelInfo::scheduler,
              "The default scheduler, from the same, where the sampler has it.")
      .def_ro("guidance_scale", &ModelInfo::guidance_scale, "The default one, from the model's folder.")
      .def_ro("refiner", &ModelInfo::refiner,
              "Name of the model that draws the last of the steps; \"\": none.")
      .def_ro("width", &ModelInfo::width, "Native width in pixels.")
      .def_ro("height", &ModelInfo::height, "Native height in pixels.")
      .def_ro("max_tokens", &ModelInfo::max_tokens,
              "Length of the text encoder's window, start and end included.")
      .def_ro("parameters", &ModelInfo::parameters, "Weights of text encoder, U-Net and VAE together.")
      .def_ro("decoder", &ModelInfo::decoder, "\"TAESD\" where one decodes; empty: the model's own VAE.")
      .def_ro("loras", &ModelInfo::loras, "\"NAME x SCALE: N of M layers applied\", one a LoRA.")
      .def_ro("embeddings", &ModelInfo::embeddings, "Words of textual inversion.")
      .def_ro("notices", &ModelInfo::notices, "Lines for the user on how the model's files were read.")
      .def_ro("unused_tensors", &ModelInfo::unused_tensors,
              "Tensors of the files that the model has no place for.")
      .def("__repr__", [](const ModelInfo& info) {
        return fmt::format("ModelInfo({}, {}, {}x{}, {} weights, {})", info.name, info.format, info.width,
                           info.height, info.parameters, info.device);
      });
}

using SampleState = std::tuple<double, std::vector<double>, std::vector<double>, std::vector<double>>;

void bind_results(nb::module_& module) {
  nb::class_<Picture>(module, "Picture", "One finished picture.")
      .def_prop_ro(
          "image", [](const Picture& picture) { return to_array(picture.image); }, nb::rv_policy::move)
      .def_prop_ro("settings", [](const Picture& picture) { return settings_to_dict(picture.settings); })
      .def_ro("parameters", &Picture::parameters)
      .def_ro("notices", &Picture::notices)
      .def_ro("seconds", &Picture::seconds);
  nb::class_<MeterSample>(module, "MeterSample",
                          "What one noised copy of a picture says, one number per latent channel.")
      .def_ro("timestep", &MeterSample::timestep)
      .def_ro("projection", &MeterSample::projection, "Sum of e·d over the pixels.")
      .def_ro("length", &MeterSample::length, "Sum of d·d.")
      .def_ro("residual", &MeterSample::residual, "Sum of e·e.")
      .def("__getstate__",
           [](const MeterSample& s) { return std::tuple(s.timestep, s.projection, s.length, s.residual); })
      .def("__setstate__", [](MeterSample& sample, const SampleState& state) {
        const auto& [timestep, projection, length, residual] = state;
        new (&sample) MeterSample{timestep, projection, length, residual};
      });
  nb::class_<Reading>(module, "Reading", "How much of a style a picture shows.")
      .def_ro("strength", &Reading::strength,
              "0 none, 1 as much as a picture made from \"PROMPT, STYLE\"; not clipped.")
      .def_ro("standard_error", &Reading::standard_error, "Of `strength`, from the spread of its samples.")
      .def_ro("samples", &Reading::samples)
      .def_prop_ro("tells", &Reading::tells,
                   "Whether it tells anything: False above a standard error of 0.2, where the model hardly "
                   "knows the style.")
      .def("__float__", [](const Reading& reading) { return reading.strength; })
      .def("__repr__",
           [](const Reading& reading) {
             return fmt::format("Reading(strength={:.3f}, standard_error={:.3f}{})", reading.strength,
                                reading.standard_error,
                                reading.tells() ? "" : ", cannot tell: the model hardly knows this style");
           })
      .def("__getstate__",
           [](const Reading& r) { return std::tuple(r.strength, r.standard_error, r.samples); })
      .def("__setstate__",
           [](Reading& reading, const std::tuple<double, double, std::vector<MeterSample>>& state) {
             new (&reading) Reading{std::get<0>(state), std::get<1>(state), std::get<2>(state)};
           });
  nb::class_<OperationTime>(module, "OperationTime", "Time spent in one operation on one shape.")
      .def_ro("operation", &OperationTime::operation)
      .def_ro("shapes", &OperationTime::shapes)
      .def_ro("calls", &OperationTime::calls)
      .def_ro("seconds", &OperationTime::seconds)
      .def_ro("flop", &OperationTime::flop);
}

}  // namespace

void bind_pipeline(nb::module_& module) {
  bind_info(module);
  bind_results(module);
  nb::class_<Pipeline>(module, "Engine", "A loaded checkpoint.")
      .def(nb::new_(&load), nb::arg("model"), nb::arg("lora"), nb::arg("lora_dir"), nb::arg("embedding"),
           nb::arg("unet"), nb::arg("vae"), nb::arg("refiner"), nb::arg("prediction"), nb::arg("taesd"),
           nb::arg("dtype"), nb::arg("threads"), nb::arg("profile"))
      .def_prop_ro("info", &Pipeline::info, nb::rv_policy::reference_internal)
      .def(
          "resolve",
          [](const Pipeline& pipeline, const nb::dict& settings) {
            return settings_to_dict(pipeline.resolve(request_from_dict(settings)));
          },
          nb::arg("settings"), "The settings with every default filled in.")
      .def(
          "parameters",
          [](const Pipeline& pipeline, const nb::dict& settings) {
            return pipeline.parameters(request_from_dict(settings));
          },
          nb::arg("settings"), "The text that the picture's PNG would get.")
      .def("share", &Pipeline::share, "An engine for another caller on the same weights.")
      .def("generate", &generate, nb::arg("settings"), nb::arg("callback").none(),
           nb::arg("on_preview").none(), nb::arg("preview_every"))
      .def("measure", &measure, nb::arg("pictures"), nb::arg("style"), nb::arg("prompt"),
           nb::arg("evaluations"), nb::arg("seed"), nb::arg("callback").none())
      .def("profile", &Pipeline::profile);
}

}  // namespace latentdial::binding
