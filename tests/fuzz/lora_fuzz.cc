// A LoRA, and a word of textual inversion, for the embedded model.
#include "scratch_file.h"
#include "try_input.h"
#include "weights/lora.h"
#include "weights/textual_inversion.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace latentdial;
  using namespace latentdial::detail;
  static const Checkpoint checkpoint = open_checkpoint(LATENTDIAL_SOURCE_DIR "/models/scenes");
  const fuzz::ScratchFile file({data, size});
  fuzz::try_input([&] { (void)read_textual_inversion(file.path(), 192); });
  return fuzz::try_input([&] { (void)apply_lora(checkpoint, file.path(), 1.0); });
}
