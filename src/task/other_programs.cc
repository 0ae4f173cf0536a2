#include "task/other_programs.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "latentdial/json.h"
#include "text/words.h"

namespace latentdial::detail {
namespace {

using nlohmann::json;

struct Name {
  std::string_view theirs, ours;
};

/// Samplers of ComfyUI, InvokeAI and diffusers, as A1111 writes them.
constexpr Name kSamplers[] = {{"euler", "Euler"},
                              {"k_euler", "Euler"},
                              {"EulerDiscreteScheduler", "Euler"},
                              {"euler_ancestral", "Euler a"},
                              {"euler_a", "Euler a"},
                              {"k_euler_a", "Euler a"},
                              {"EulerAncestralDiscreteScheduler", "Euler a"},
                              {"dpmpp_2m", "DPM++ 2M"},
                              {"dpmpp_2m_k", "DPM++ 2M Karras"},
                              {"DPMSolverMultistepScheduler", "DPM++ 2M"},
                              {"euler_k", "Euler Karras"},
                              {"ddim", "DDIM"},
                              {"DDIMScheduler", "DDIM"},
                              {"pndm", "PLMS"},
                              {"plms", "PLMS"},
                              {"PNDMScheduler", "PLMS"},
                              {"lcm", "LCM"},
                              {"LCMScheduler", "LCM"}};

constexpr Name kSchedules[] = {{"normal", "Normal"}, {"karras", "Karras"}};

/// Keys of flat objects; the first of an A1111 key that is there counts.
constexpr Name kKeys[] = {{"positive_prompt", "Prompt text"},
                          {"prompt", "Prompt text"},
                          {"negative_prompt", "Negative prompt text"},
                          {"steps", "Steps"},
                          {"num_inference_steps", "Steps"},
                          {"cfg_scale", "CFG scale"},
                          {"guidance_scale", "CFG scale"},
                          {"seed", "Seed"},
                          {"strength", "Denoising strength"},
                          {"denoising_strength", "Denoising strength"},
                          {"loras", "Lora hashes"},
                          {"controlnets", "ControlNet"},
                          {"sampler_name", "Sampler"},
                          {"sampler", "Sampler"},
                          {"scheduler", "Sampler"}};

template <std::size_t N>
std::string translated(const Name (&names)[N], const std::string& word) {
  const auto* found = std::ranges::find(names, word, &Name::theirs);
  return found == std::end(names) ? word : std::string(found->ours);
}

std::string shown(const json& value) {
  return value.is_string() ? value.get<std::string>() : json_line(value);
}

std::string stem(const std::string& file) {
  return std::filesystem::path(file).stem().string();
}

constexpr int kMostLayers = 100;  // Of a text encoder, by far.

bool is_within(const json& value, int least, int most) {
  return value.is_number_integer() && value >= least && value <= most;
}

void add(Infotext& read, std::string_view key, std::string value) {
  if (read.find(key) == nullptr) read.pairs.emplace_back(key, std::move(value));
}

// ── A graph of nodes: {"3": {"class_type": "KSampler", "inputs": {"steps": 20, "model": ["4", 0], …}}, …} ──

class Graph {
 public:
  explicit Graph(const json& nodes) : nodes_(nodes) {}

  [[nodiscard]] static bool is_one(const json& object) {
    return !object.empty() && std::ranges::all_of(object, [](const json& node) {
      return node.is_object() && node.contains("class_type") && node["class_type"].is_string() &&
             node.contains("inputs") && node["inputs"].is_object();
    });
  }

  [[nodiscard]] Infotext read() const {
    Infotext read;
    const json* sampler = first_sampler();
    if (sampler == nullptr) return read;
    read_numbers(*sampler, read);
    if (const auto positive = text_of(*sampler, "positive")) add(read, "Prompt text", *positive);
    if (const auto negative = text_of(*sampler, "negative")) add(read, "Negative prompt text", *negative);
    read_size(*sampler, read);
    read_others(read);
    add(read, "Version", "ComfyUI");
    return read;
  }

 private:
  static constexpr int kFarthest =
      32;  // Nodes from one to what it hangs on; a graph may lead back to itself.

  static const json& inputs(const json& node) { return node["inputs"]; }
  static const std::string& kind(const json& node) {
    return node["class_type"].get_ref<const std::string&>();
  }

  /// The node that an input comes from; null where it is a value.
  [[nodiscard]] const json* source(const json& node, const char* input) const {
    const auto link = inputs(node).find(input);
    if (link == inputs(node).end() || !link->is_array() || link->empty() || !link->front().is_string())
      return nullptr;
    const auto found = nodes_.find(link->front().get_ref<const std::string&>());
    return found == nodes_.end() ? nullptr : &*found;
  }

  /// An input's value, its own or that of a node that only holds one.
  [[nodiscard]] const json* value(const json& node, const char* input) const {
    const json* at = source(node, input);
    if (at == nullptr) {
      const auto own = inputs(node).find(input);
      return own == inputs(node).end() || own->is_array() ? nullptr : &*own;
    }
    for (int steps = 0; at != nullptr && steps < kFarthest; ++steps) {
      const json* next = nullptr;
      for (const char* name : {input, "value", "text", "string", "int", "float", "seed"}) {
        const auto own = inputs(*at).find(name);
        if (own == inputs(*at).end()) continue;
        if (!own->is_array()) return &*own;
        next = source(*at, name);
        break;
      }
      at = next;
    }
    return nullptr;
  }

  /// The first of those that draw, by the node's number: one that draws from noise where there is one.
  [[nodiscard]] const json* first_sampler() const {
    const json* found = nullptr;
    for (const json& node : nodes_) {
      if (kind(node).find("Sampler") == std::string::npos || !inputs(node).contains("positive")) continue;
      const json* denoise = value(node, "denoise");
      const bool from_noise = denoise == nullptr || !denoise->is_number() || *denoise >= 1;
      if (from_noise) return &node;
      if (found == nullptr) found = &node;
    }
    return found;
  }

  void read_numbers(const json& sampler, Infotext& read) const {
    const json* schedule = source(sampler, "sigmas");
    const json* kind_of_sampler = source(sampler, "sampler");
    const auto take = [&](const json* node, const char* input, std::string_view key) {
      const json* found = node == nullptr ? nullptr : value(*node, input);
      if (found != nullptr && !found->is_null()) add(read, key, shown(*found));
    };
    for (const json* node : {&sampler, schedule}) take(node, "steps", "Steps");
    for (const char* input : {"seed", "noise_seed"}) take(&sampler, input, "Seed");
    take(&sampler, "cfg", "CFG scale");
    for (const json* node : {&sampler, kind_of_sampler})
      if (const json* name = node == nullptr ? nullptr : value(*node, "sampler_name"))
        add(read, "Sampler", translated(kSamplers, shown(*name)));
    for (const json* node : {&sampler, schedule}) {
      if (const json* name = node == nullptr ? nullptr : value(*node, "scheduler"))
        add(read, "Schedule type", translated(kSchedules, shown(*name)));
      const json* denoise = node == nullptr ? nullptr : value(*node, "denoise");
      if (denoise != nullptr && denoise->is_number() && *denoise < 1)
        add(read, "Denoising strength", shown(*denoise));
    }
  }

  /// The text that a condition was made of, through whatever was done to it.
  [[nodiscard]] std::optional<std::string> text_of(const json& sampler, const char* condition) const {
    const json* node = source(sampler, condition);
    for (int steps = 0; node != nullptr && steps < kFarthest; ++steps) {
      for (const char* name : {"text", "text_g"}) {
        const json* text = value(*node, name);
        if (text != nullptr && text->is_string()) return text->get<std::string>();
      }
      const json* next = nullptr;
      for (const char* name : {condition, "conditioning", "conditioning_1", "conditioning_to"})
        if (next == nullptr) next = source(*node, name);
      node = next;
    }
    return std::nullopt;
  }

  void read_size(const json& sampler, Infotext& read) const {
    const json* latents = source(sampler, "latent_image");
    if (latents == nullptr) return;
    const json *width = value(*latents, "width"), *height = value(*latents, "height");
    if (width != nullptr && height != nullptr && width->is_number() && height->is_number())
      add(read, "Size", fmt::format("{}x{}", shown(*width), shown(*height)));
  }

  /// What decides a picture besides: by the names under which A1111 writes it.
  void read_others(Infotext& read) const {
    for (const json& node : nodes_) {
      const auto file = [&](const char* input, std::string_view key) {
        if (const json* name = value(node, input); name != nullptr && name->is_string())
          add(read, key, stem(name->get<std::string>()));
      };
      file("ckpt_name", "Model");
      file("unet_name", "Model");
      file("lora_name", "Lora hashes");
      file("control_net_name", "ControlNet");
      const json* layer = value(node, "stop_at_clip_layer");  // Counted from the end: −1 is the last.
      if (layer != nullptr && is_within(*layer, -kMostLayers, -1))
        add(read, "Clip skip", std::to_string(-layer->get<int>()));
    }
  }

  const json& nodes_;
};

// ── A flat object ──

void read_model(const json& model, Infotext& read) {
  for (const char* name : {"name", "model_name"}) {
    const auto found = model.is_object() ? model.find(name) : model.end();
    if (found != model.end() && found->is_string()) return add(read, "Model", found->get<std::string>());
  }
  if (model.is_string()) add(read, "Model", stem(model.get<std::string>()));
}

std::optional<Infotext> read_flat(const json& object) {
  const bool has_prompt = object.contains("prompt") || object.contains("positive_prompt");
  if (!has_prompt || !(object.contains("steps") || object.contains("num_inference_steps")))
    return std::nullopt;
  Infotext read;
  for (const auto& [theirs, ours] : kKeys) {
    const auto found = object.find(theirs);
    if (found == object.end() || found->is_null() || (found->is_structured() && found->empty())) continue;
    add(read, ours, ours == "Sampler" ? translated(kSamplers, shown(*found)) : shown(*found));
  }
  if (object.contains("width") && object.contains("height"))
    add(read, "Size", fmt::format("{}x{}", shown(object["width"]), shown(object["height"])));
  if (const auto model = object.find("model"); model != object.end()) read_model(*model, read);
  const auto clip_skip = object.find("clip_skip");  // Layers that are left out; A1111 counts from one.
  if (clip_skip != object.end() && is_within(*clip_skip, 1, kMostLayers))
    add(read, "Clip skip", std::to_string(clip_skip->get<int>() + 1));
  for (const auto& [key, value] : object.items()) {
    const bool is_known = std::ranges::find(kKeys, key, &Name::theirs) != std::end(kKeys) || key == "width" ||
                          key == "height" || key == "model" || key == "clip_skip";
    if (!is_known && !value.is_null() && !value.empty()) add(read, key, shown(value));
  }
  return read;
}

}  // namespace

std::optional<Infotext> read_other_program(std::string_view text) {
  const auto object = try_parse_json<json>(text);
  if (!object || !object->is_object()) return std::nullopt;
  if (Graph::is_one(*object)) return Graph(*object).read();
  return read_flat(*object);
}

}  // namespace latentdial::detail
