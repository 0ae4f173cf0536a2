#include "model/embedded_model.h"

#include <cstdlib>
#include <system_error>

#include "latentdial/error.h"

namespace latentdial {

std::filesystem::path find_embedded_model() {
  namespace fs = std::filesystem;
  if (const char* given = std::getenv("LATENTDIAL_SCENES")) return given;
  std::error_code ignored;
  const auto program = fs::read_symlink("/proc/self/exe", ignored);
  const auto installed = program.parent_path().parent_path() / "share" / "latentdial" / "scenes";
  for (const auto& folder : {installed, fs::path(LATENTDIAL_SOURCE_MODELS) / "scenes"}) {
    if (fs::exists(folder / "model_index.json", ignored)) return folder;
  }
  throw invalid_input(
      "model", "the embedded one is not installed: name another, or set LATENTDIAL_SCENES to its folder");
}

}  // namespace latentdial
