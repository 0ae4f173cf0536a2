#include "pipeline/embedded_model.h"

#include "files/data_files.h"
#include "latentdial/error.h"

namespace latentdial {

std::filesystem::path find_embedded_model() {
  if (const auto scenes = environment("LATENTDIAL_SCENES")) return *scenes;
  if (const auto models = environment("LATENTDIAL_MODELS")) return std::filesystem::path(*models) / "scenes";
  if (const auto index = find_data_file("scenes/model_index.json")) return index->parent_path();
  throw invalid_input(
      "the embedded model is not installed: give a model with -m, or set LATENTDIAL_MODELS to the folder "
      "that holds scenes/");
}

}  // namespace latentdial
