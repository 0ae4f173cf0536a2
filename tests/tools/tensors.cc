// tensors FILE OUT: all floating-point tensors of a checkpoint file as the engine loads them, f32, one after
// the other in OUT; a line "NAME EXTENT EXTENT …" on stdout for each.

#include <exception>
#include <fstream>
#include <iostream>
#include <map>
#include <utility>

#include "weights/checkpoint_file.h"
#include "weights/scales.h"
#include "weights/weights.h"

int main(int argc, char** argv) {
  using namespace latentdial::detail;
  try {
    const std::string path = argc > 2 ? argv[1] : "";
    std::map<std::string, Tensor> stored;
    for (const auto& [name, tensor] : read_checkpoint_file(path).tensors)
      stored.emplace(name, open_tensor(path, name, tensor));
    const Weights weights("file", path, std::move(stored));
    std::ofstream out(argv[2], std::ios::binary);
    for (const std::string& name : weights.names()) {
      if (belongs_to_scales(name)) continue;
      const Tensor values = weights.load(name, weights.shape(name));
      out.write(reinterpret_cast<const char*>(values.raw()), static_cast<std::streamsize>(values.bytes()));
      std::cout << name;
      for (const auto extent : values.shape()) std::cout << ' ' << extent;
      std::cout << '\n';
    }
    return out.flush() ? 0 : 2;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 2;
  }
}
