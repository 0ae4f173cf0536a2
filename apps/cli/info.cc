#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "commands.h"
#include "latentdial/error.h"
#include "latentdial/json.h"
#include "latentdial/layer_multiplier.h"
#include "latentdial/parameters.h"
#include "latentdial/pipeline.h"
#include "latentdial/version.h"
#include "options.h"
#include "output.h"

namespace latentdial::cli {
namespace {

using nlohmann::ordered_json;

std::string first_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string head(12, '\0');
  file.read(head.data(), static_cast<std::streamsize>(head.size()));
  return head;
}

/// PNG, JPEG or WebP, by its first bytes.
bool is_picture(const std::string& path) {
  const std::string head = first_bytes(path);
  return head.starts_with("\x89PNG") || head.starts_with("\xff\xd8\xff") ||
         (head.starts_with("RIFF") && head.substr(8) == "WEBP");
}

ordered_json describe_picture(const std::string& path) {
  const Image image = read_image(path);
  const std::string text = read_image_parameters(path);
  ordered_json object = {{"picture", path},
                         {"width", image.width},
                         {"height", image.height},
                         {"parameters", text},
                         {"model_hash", read_model_hash(text)}};
  object["not_read"] = ordered_json::object();
  for (const auto& [key, value, is_read] : list_parameters(text))
    if (!is_read) object["not_read"][key] = value;
  object["settings"] =
      text.empty() ? ordered_json() : parse_json<ordered_json>(to_json(parse_parameters(text)));
  return object;
}

/// What an upscaling model is for; null of others.
ordered_json describe_upscaling(const ModelInfo& info) {
  if (info.upscales_by == 0) return nullptr;
  return {{"by", info.upscales_by},
          {"max_noise_level", info.max_noise_level},
          {"used as", fmt::format("latentdial upscale -m {} --image SMALL.png", info.path)}};
}

/// What an unCLIP model is for; null of others.
ordered_json describe_variations(const ModelInfo& info) {
  if (!info.takes_reference) return nullptr;
  return {{"max_noise_level", info.max_noise_level},
          {"used as", fmt::format("latentdial vary -m {} --image PICTURE.png", info.path)}};
}

ordered_json describe_model(const std::string& path, const ModelOptions& engine) {
  const ModelInfo info = inspect_model(path);
  return {{"model", info.name},
          {"model_hash", info.hash},
          {"fingerprint", info.fingerprint},
          {"path", info.path},
          {"format", info.format},
          {"weights", info.parameters},
          {"size", fmt::format("{}x{}", info.width, info.height)},
          {"tokens", info.max_tokens},
          {"prediction", info.prediction},
          {"inpainting", info.inpaints},
          {"upscaling", describe_upscaling(info)},
          {"variations", describe_variations(info)},
          {"sampler", info.sampler},
          {"scheduler", info.scheduler},
          {"guidance_scale", info.guidance_scale},
          {"notices", info.notices},
          {"unused_tensors", info.unused_tensors},
          {"device", describe_device(engine)}};
}

std::string shown(const ordered_json& value) {
  return value.is_string() ? value.get<std::string>() : json_line(value);
}

/// "key: value" lines; what is empty is left out.
void print_text(const ordered_json& object) {
  for (const auto& [key, value] : object.items()) {
    if (value.is_null() || value.empty() || value == "") continue;
    if (key == "parameters") {
      std::istringstream lines(value.get<std::string>());
      for (std::string line; std::getline(lines, line);) print_line(stdout, line);
    } else if (value.is_object()) {
      if (key != "settings") print_line(stdout, key + ":");
      for (const auto& [name, setting] : value.items())
        print_line(stdout, fmt::format("  {}: {}", name, shown(setting)));
    } else {
      print_line(stdout, fmt::format("{}: {}", key, shown(value)));
    }
  }
}

/// What multiplies each kind of layer here, and why.
ordered_json describe_multipliers(const ModelOptions& engine) {
  ordered_json layers = ordered_json::object();
  for (const auto& [layer, by, because] : list_multipliers(engine))
    layers[layer] = fmt::format("{} ({})", by, because);
  return {{"device", describe_device(engine)}, {"multiplied by (GFLOP/s that were measured)", layers}};
}

struct InfoCommand {
  std::string path;
  bool json = false, cpu = false, tune = false;
  ModelOptions engine;

  void run() const {
    if (tune) tune_multipliers(engine);
    if (cpu) return print(describe_multipliers(engine));
    const bool picture = !path.empty() && !std::filesystem::is_directory(path) && is_picture(path);
    ordered_json object = picture ? describe_picture(path) : describe_model(path, engine);
    if (path.empty()) object["version"] = kVersion;
    print(object);
  }

  void print(const ordered_json& object) const {
    if (json) {
      print_json(object);
    } else {
      print_text(object);
    }
  }
};

}  // namespace

void add_info(CLI::App& app, Run& run) {
  auto* command = app.add_subcommand("info", "What a model or picture is: what was read, the settings in it");
  auto c = std::make_shared<InfoCommand>();
  auto* path = add_text(*command, "PATH", c->path, "Model or picture (default: the embedded model)");
  auto* cpu =
      command->add_flag("--cpu", c->cpu, "What multiplies each kind of layer on this processor, and why");
  add_text(*command, "--dtype", c->engine.dtype, "With --cpu, of this number format: f32, bf16 or int8")
      ->needs(cpu);
  command
      ->add_flag("--tune", c->tune,
                 "With --cpu, time it for a second and keep what is fastest: pictures are made that way from "
                 "then on")
      ->needs(cpu);
  command->add_flag("--json", c->json, "As one JSON object");
  cpu->excludes(path);
  command->footer(
      "Examples:\n"
      "  latentdial info dog.png                           its settings; `latentdial generate --again "
      "dog.png` makes it anew\n"
      "  latentdial info path/to/stable-diffusion-v1-4\n"
      "  latentdial info                                   the embedded model and what computes here\n");
  command->callback([c, &run] { run = [c] { c->run(); }; });
}

}  // namespace latentdial::cli
