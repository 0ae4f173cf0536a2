// The last latents of pictures, for parity checks: pictures have but eight bits.
//
//   latents MODEL SETTINGS OUT [SETTINGS OUT …]
//
// SETTINGS is a JSON file as plans have them, of a picture without a dial. Computes in f32 and writes raw
// little-endian f32 to OUT, channels-last.

#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "denoise/denoising.h"
#include "latentdial/parameters.h"
#include "model/model.h"
#include "model/model_variants.h"
#include "session/conditions.h"
#include "session/session.h"
#include "session/start.h"
#include "task/opened_files.h"
#include "task/resolve.h"
#include "tools/tensor_files.h"

namespace {

using namespace latentdial;
using namespace latentdial::detail;

Settings read_settings(const char* path) {
  std::ifstream file(path);
  return settings_from_json({std::istreambuf_iterator<char>(file), {}});
}

void write_latents(const std::shared_ptr<const Model>& model, const char* settings, const char* out) {
  OpenedFiles files;
  const Content content = resolve(Request(read_settings(settings)), *model, files).task.content;
  Session session(std::make_shared<ModelVariants>(model));
  std::vector<std::string> notices;
  std::vector<Denoising> runs;
  runs.push_back(start(session, content, condition(session, content, {}, {}, notices)));
  denoise(session.denoiser, runs, runs.front().sampler->evaluations(), {}, {});
  write_tensor(out, runs.front().latents);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4 || argc % 2 != 0) {
    std::cerr << "usage: latents MODEL SETTINGS OUT [SETTINGS OUT ...]\n";
    return 2;
  }
  try {
    const auto model = Model::load({.model = argv[1], .dtype = "f32"});
    for (int i = 2; i < argc; i += 2) write_latents(model, argv[i], argv[i + 1]);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 2;
  }
  return 0;
}
