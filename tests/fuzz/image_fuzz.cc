// PNG, JPEG and WebP, as pictures and as masks, and the text in a PNG.
#include "latentdial/image.h"
#include "try_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace latentdial;
  const std::span<const std::uint8_t> bytes(data, size);
  fuzz::try_input([&] { (void)image_parameters(bytes, "input"); });
  for (const MaskOf of : {MaskOf::brightness, MaskOf::opacity_else_brightness})
    fuzz::try_input([&] { (void)decode_mask(bytes, "input", of); });
  return fuzz::try_input([&] { (void)decode_image(bytes, "input"); });
}
