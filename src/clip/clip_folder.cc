#include "clip/clip_folder.h"

#include <string>
#include <utility>

#include "files/json_file.h"
#include "text/require.h"
#include "text/words.h"
#include "weights/diffusers_folder.h"

namespace latentdial::detail {
namespace {

using nlohmann::json;

std::string text_of(const json& config, const char* field) {
  const auto found = config.find(field);
  return found != config.end() && found->is_string() ? found->get<std::string>() : "";
}

/// The config of one tower of a CLIPModel, whose width of embeddings is the model's.
json tower(const json& config, const char* name) {
  const auto found = config.find(name);
  json tower = found != config.end() && found->is_object() ? *found : json::object();
  if (const auto width = config.find("projection_dim"); width != config.end())
    tower["projection_dim"] = *width;
  return tower;
}

}  // namespace

ClipFolder open_clip_folder(const std::filesystem::path& folder) {
  const json config = read_json_object(folder / "config.json");
  const std::string type = text_of(config, "model_type");
  require(type == "clip" || type == "clip_vision_model", "clip",
          "{}: is {}; a folder of a CLIPModel or a CLIPVisionModelWithProjection is needed", folder.string(),
          printable(type));
  const bool whole = type == "clip";
  return {whole ? tower(config, "vision_config") : config, whole ? tower(config, "text_config") : json(),
          Weights("the CLIP model", folder.string(),
                  read_component(folder, "model", "pytorch_model", KeyFamily::summing_text)),
          find_tokenizer(folder, ".")};
}

}  // namespace latentdial::detail
