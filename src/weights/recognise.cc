#include "weights/recognise.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "latentdial/error.h"
#include "text/words.h"

namespace latentdial::detail {
namespace {

enum class Where { at_start, anywhere };

struct Sign {
  Where where;
  std::string_view text;
  std::string_view meaning;
};

// The first sign found decides.
constexpr Sign kOtherThings[] = {
    {Where::at_start, "lora_unet_", "a LoRA"},
    {Where::at_start, "lora_te", "a LoRA"},
    {Where::anywhere, ".lora_A.", "a LoRA"},
    {Where::anywhere, "lora_down.", "a LoRA"},
    {Where::anywhere, ".lora.down", "a LoRA"},
    {Where::at_start, "embedder.", "a Stable unCLIP model"},
    {Where::at_start, "add_embedding.", "the U-Net of a Stable Diffusion XL model"},
    {Where::anywhere, "joint_blocks.", "a Stable Diffusion 3 model"},
    {Where::anywhere, "double_blocks.", "a Flux model"},
    {Where::at_start, "control_model.", "a ControlNet"},
    {Where::at_start, "controlnet_", "a ControlNet"},
    {Where::at_start, "string_to_param", "a textual inversion"},
    {Where::at_start, "emb_params", "a textual inversion"},
};

// Only asked about where no text encoder of SDXL's is there.
constexpr Sign kTold[] = {
    {Where::at_start, "model.diffusion_model.label_emb.0.", "a Stable Diffusion XL or unCLIP model"},
};

// Only asked about when none of CompVis' three parts is there.
constexpr Sign kLoneParts[] = {
    {Where::at_start, "encoder.down", "a VAE alone, for @(vae)"},
    {Where::at_start, "down_blocks.", "a U-Net alone, for @(unet)"},
    {Where::at_start, "input_blocks.", "a U-Net alone, for @(unet)"},
    {Where::at_start, "text_model.", "a text encoder alone"},
    {Where::at_start, "encoder.layers.", "a text encoder alone"},
};

bool shows(const StoredTensors& tensors, const Sign& sign) {
  if (sign.where == Where::at_start) {
    const auto found = tensors.lower_bound(sign.text);
    return found != tensors.end() && found->first.starts_with(sign.text);
  }
  return std::ranges::any_of(tensors,
                             [&](const auto& t) { return t.first.find(sign.text) != std::string::npos; });
}

constexpr std::string_view kNeeded = "a whole Stable Diffusion 1, 2 or XL checkpoint is needed";
constexpr std::string_view kText = "cond_stage_model.", kSdxlText = "conditioner.embedders.";

template <std::size_t N>
void refuse_if_shown(const std::string& file, const StoredTensors& tensors, const Sign (&signs)[N]) {
  for (const auto& sign : signs) {
    if (shows(tensors, sign)) {
      throw invalid_input(fmt::format("{}: seems to be {}; {}", file, sign.meaning, kNeeded));
    }
  }
}

}  // namespace

void require_compvis_checkpoint(const std::string& file, const StoredTensors& tensors) {
  struct NamedComponent {
    std::string_view prefix;
    std::string_view name;
  };
  const bool is_sdxl = shows(tensors, {Where::at_start, kSdxlText, ""});
  if (!is_sdxl) refuse_if_shown(file, tensors, kTold);
  const NamedComponent components[] = {{"model.diffusion_model.", "U-Net"},
                                       {"first_stage_model.", "VAE"},
                                       {is_sdxl ? kSdxlText : kText, "text encoder"}};
  if (tensors.empty()) throw invalid_input(fmt::format("{}: holds no tensors; {}", file, kNeeded));
  refuse_if_shown(file, tensors, kOtherThings);
  const NamedComponent* present = nullptr;
  const NamedComponent* missing = nullptr;
  for (const auto& part : components) {
    (shows(tensors, {Where::at_start, part.prefix, ""}) ? present : missing) = &part;
  }
  if (missing == nullptr) return;
  if (present != nullptr) {
    throw invalid_input(fmt::format("{}: holds a {} but no {} ({}*); {}", file, present->name, missing->name,
                                    missing->prefix, kNeeded));
  }
  refuse_if_shown(file, tensors, kLoneParts);
  throw invalid_input(
      fmt::format("{}: none of its {} tensors (the first is {}) belongs to Stable Diffusion; {}", file,
                  tensors.size(), printable(tensors.begin()->first), kNeeded));
}

}  // namespace latentdial::detail
