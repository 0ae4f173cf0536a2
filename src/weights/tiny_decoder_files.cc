#include "weights/tiny_decoder_files.h"

#include <fmt/format.h>

#include <charconv>
#include <string>
#include <string_view>

#include "files/json_file.h"
#include "latentdial/error.h"
#include "weights/checkpoint_file.h"
#include "weights/diffusers_folder.h"

namespace latentdial::detail {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kStem = "diffusion_pytorch_model";
constexpr std::string_view kLayers = "decoder.layers.";
constexpr const char* kFirst = "decoder.layers.0.weight";

/// diffusers' name of a decoder's tensor; empty for any other. The original's list of modules begins with the
/// clamp, which diffusers does not count.
std::string diffusers_name(const std::string& key) {
  if (key.starts_with(kLayers)) return key;
  int number = 0;
  const auto [end, fault] = std::from_chars(key.data(), key.data() + key.size(), number);
  if (fault != std::errc() || number < 1) return "";
  return fmt::format("{}{}{}", kLayers, number - 1, std::string_view(end, key.data() + key.size()));
}

Component open_file(const fs::path& path) {
  std::map<std::string, Tensor> tensors;
  for (const auto& [key, stored] : read_checkpoint_file(path).tensors) {
    if (const auto name = diffusers_name(key); !name.empty())
      tensors.emplace(name, open_tensor(path.string(), key, stored));
  }
  const auto first = tensors.find(kFirst);
  if (first == tensors.end() || first->second.rank() != 4) {
    throw invalid_input(
        fmt::format("{}: holds no TAESD decoder: it has neither {} nor 1.weight", path.string(), kFirst));
  }
  nlohmann::json config = {{"decoder_block_out_channels", first->second.dim(0)},
                           {"latent_channels", first->second.dim(1)}};
  return {std::move(config), Weights("the TAESD", path.string(), std::move(tensors))};
}

}  // namespace

Component open_tiny_decoder(const fs::path& path) {
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) return open_file(path);
  auto config = read_json_object(path / "config.json");
  auto tensors = read_component(path, kStem, kStem, KeyFamily::diffusers_vae);
  std::erase_if(tensors, [](const auto& entry) { return !entry.first.starts_with(kLayers); });
  return {std::move(config), Weights("the TAESD", path.string(), std::move(tensors))};
}

}  // namespace latentdial::detail
