#include "weights/checkpoint.h"

#include <fmt/format.h>

#include <optional>

#include "latentdial/error.h"
#include "weights/checkpoint_file.h"
#include "weights/diffusers_folder.h"
#include "weights/parts.h"
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
  const auto classes = unet.find("class_embed_type");
  const bool takes_picture = classes != unet.end() && *classes == "projection";
  if (takes_picture != checkpoint.pictures.has_value())
    throw invalid_input(fmt::format(
        "{}: mixes parts of different models: {}", checkpoint.path.string(),
        takes_picture
            ? "the U-Net is told what a picture shows (class_embed_type), as in Stable unCLIP, but "
              "there is no image_normalizer/ beside it"
            : "there is an image_normalizer/, as in Stable unCLIP, but the U-Net is not told what a "
              "picture shows (class_embed_type)"));
  const auto added = unet.find("addition_embed_type");
  const bool takes_summary = added != unet.end() && !added->is_null();
  const bool is_refiner = checkpoint.text_encoder.weights.has("text_projection.weight");
  if (takes_summary != (checkpoint.text_encoder_2.has_value() || is_refiner)) {
    throw invalid_input(fmt::format(
        "{}: mixes parts of different models: {}", checkpoint.path.string(),
        takes_summary ? "the U-Net takes a text's summary (addition_embed_type), as in Stable "
                        "Diffusion XL, but there is no second text encoder that makes one"
                      : "there is a text encoder that sums a text up, but the U-Net takes no text's "
                        "summary (addition_embed_type)"));
  }
  auto width = whole_number(checkpoint.text_encoder.config, "hidden_size");
  if (width && checkpoint.text_encoder_2)
    *width += whole_number(checkpoint.text_encoder_2->config, "hidden_size").value_or(0);
  compare(whole_number(unet, "cross_attention_dim"), "the U-Net wants text states of width", width,
          checkpoint.text_encoder_2 ? "the text encoders give" : "the text encoder gives");
  compare(whole_number(unet, "out_channels"), "the U-Net's latent channels are",
          whole_number(checkpoint.vae.config, "latent_channels"), "the VAE's are");
}

}  // namespace

std::vector<const Component*> Checkpoint::components() const {
  std::vector<const Component*> all = {&text_encoder};
  if (text_encoder_2) all.push_back(&*text_encoder_2);
  all.insert(all.end(), {&unet, &vae});
  if (pictures) all.insert(all.end(), {&pictures->image_encoder, &pictures->image_normalizer});
  return all;
}

Checkpoint open_checkpoint(const std::filesystem::path& path, const Parts& parts) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) {
    throw invalid_input(fmt::format(
        "{}: no such file or folder; a diffusers folder, a .safetensors, a .ckpt or a .gguf is needed",
        path.string()));
  }
  if (error) throw invalid_input(fmt::format("{}: cannot be read: {}", path.string(), error.message()));
  auto checkpoint = std::filesystem::is_directory(status)
                        ? open_diffusers_folder(path)
                        : open_single_file(path, read_checkpoint_file(path));
  replace_parts(checkpoint, parts);
  check_parts_fit(checkpoint);
  return checkpoint;
}

}  // namespace latentdial::detail
