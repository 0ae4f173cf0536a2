#include "weights/checkpoint.h"

#include <fmt/format.h>

#include <optional>

#include "latentdial/error.h"
#include "weights/checkpoint_file.h"
#include "weights/diffusers_folder.h"
#include "weights/single_file.h"

namespace latentdial::detail {
namespace {

std::optional<std::int64_t> whole_number(const nlohmann::json& config, const char* field) {
  const auto found = config.find(field);
  if (found == config.end() || !found->is_number_integer()) return std::nullopt;
  return found->get<std::int64_t>();
}

// Parts of different models can each be fine and still not fit; say so before a minute of loading.
void check_parts_fit(const Checkpoint& checkpoint) {
  const auto compare = [&](std::optional<std::int64_t> a, const char* a_is, std::optional<std::int64_t> b,
                           const char* b_is) {
    if (!a || !b || *a == *b) return;
    throw invalid_input(fmt::format("{}: mixes parts of different models: {} {} but {} {}",
                                    checkpoint.path.string(), a_is, *a, b_is, *b));
  };
  const auto& unet = checkpoint.unet.config;
  compare(whole_number(unet, "cross_attention_dim"), "the U-Net wants text states of width",
          whole_number(checkpoint.text_encoder.config, "hidden_size"), "the text encoder gives");
  compare(whole_number(unet, "out_channels"), "the U-Net's latent channels are",
          whole_number(checkpoint.vae.config, "latent_channels"), "the VAE's are");
  const auto added = unet.find("addition_embed_type");
  if (added != unet.end() && !added->is_null()) {
    throw invalid_input(
        fmt::format("{}: its U-Net takes further inputs (addition_embed_type), as in Stable Diffusion XL; "
                    "a Stable Diffusion 1 or 2 model is needed",
                    checkpoint.path.string()));
  }
}

}  // namespace

Checkpoint open_checkpoint(const std::filesystem::path& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) {
    throw invalid_input(
        fmt::format("{}: no such file or folder; a diffusers folder, a .safetensors or a .ckpt is needed",
                    path.string()));
  }
  if (error) throw invalid_input(fmt::format("{}: cannot be read: {}", path.string(), error.message()));
  auto checkpoint = std::filesystem::is_directory(status)
                        ? open_diffusers_folder(path)
                        : open_single_file(path, read_checkpoint_file(path));
  check_parts_fit(checkpoint);
  return checkpoint;
}

}  // namespace latentdial::detail
