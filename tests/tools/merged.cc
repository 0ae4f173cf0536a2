// Weights with a LoRA in them, for parity checks of what each kind of file composes.
//
//   merged MODEL LORA SCALE FILE NAME…
//
// Writes the U-Net's tensors NAME… to FILE, raw little-endian f32, one after the other.

#include <exception>
#include <fstream>
#include <iostream>
#include <string>

#include "weights/checkpoint.h"
#include "weights/lora.h"

int main(int argc, char** argv) {
  if (argc < 6) {
    std::cerr << "usage: merged MODEL LORA SCALE FILE NAME…\n";
    return 2;
  }
  try {
    const auto checkpoint = latentdial::detail::open_checkpoint(argv[1]);
    (void)latentdial::detail::apply_lora(checkpoint, argv[2], std::stod(argv[3]));
    std::ofstream out(argv[4], std::ios::binary);
    const auto& weights = checkpoint.unet.weights;
    for (int i = 5; i < argc; ++i) {
      const auto weight = weights.load(argv[i], weights.shape(argv[i]));
      out.write(reinterpret_cast<const char*>(weight.raw()), static_cast<std::streamsize>(weight.bytes()));
    }
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 2;
  }
  return 0;
}
