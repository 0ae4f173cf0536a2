#include "model/embedded_model.h"

#include "files/data_files.h"
#include "latentdial/error.h"

namespace latentdial::detail {

std::filesystem::path find_embedded_model() {
  if (const auto scenes = environment("LATENTDIAL_SCENES")) return *scenes;
  if (const auto models = environment("LATENTDIAL_MODELS")) return std::filesystem::path(*models) / "scenes";
  if (const auto index = find_data_file("scenes/model_index.json")) return index->parent_path();
  throw invalid_input("model",
                      "the embedded one is not installed: name another, or set LATENTDIAL_MODELS to the "
                      "folder that holds scenes/");
}

}  // namespace latentdial::detail
