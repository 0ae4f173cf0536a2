#pragma once

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <utility>

#include "tensor/tensor.h"

namespace latentdial::detail {

/// Raw little-endian f32.
inline Tensor read_tensor(const std::filesystem::path& path, Shape shape) {
  Tensor x = Tensor::empty(std::move(shape));
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char*>(x.raw()), static_cast<std::streamsize>(x.bytes()));
  if (!file) throw std::runtime_error("cannot read " + path.string());
  return x;
}

inline void write_tensor(const std::filesystem::path& path, const Tensor& x) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(x.raw()), static_cast<std::streamsize>(x.bytes()));
  if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
}

}  // namespace latentdial::detail
