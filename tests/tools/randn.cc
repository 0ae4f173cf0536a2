// randn SEED COUNT…: draws tensors of those counts one after the other from one generator; raw f32 on stdout.

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

#include "diffusion/random.h"

int main(int argc, char** argv) {
  try {
    latentdial::detail::TorchGenerator generator(std::stoull(argc > 1 ? argv[1] : "0"));
    for (int i = 2; i < argc; ++i) {
      const latentdial::detail::Tensor noise = generator.randn({std::stoll(argv[i])});
      if (std::fwrite(noise.raw(), 1, noise.bytes(), stdout) != noise.bytes()) {
        return 1;
      }
    }
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 2;
  }
  return 0;
}
