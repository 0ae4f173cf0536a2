#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <utility>

#include "weights/safetensors.h"
#include "weights/weights.h"

namespace latentdial::detail::models {

/// A folder of tests/golden/models.
inline std::filesystem::path golden_folder(const std::string& name) {
  return std::filesystem::path(LATENTDIAL_GOLDEN_DIR) / "models" / name;
}

/// A tensor of the folder's expected.safetensors.
inline Tensor expected_in(const std::filesystem::path& folder, const std::string& name) {
  const auto path = folder / "expected.safetensors";
  const auto tensors = read_safetensors(MappedFile::open(path)).tensors;
  const Tensor held = open_tensor(path.string(), name, tensors.at(name));
  return Weights("expected", path.string(), {{name, held}}).load(name, held.shape());
}

/// max |Δ| / max |expected|
inline double error_of(const Tensor& pixels, const Tensor& reference) {
  EXPECT_EQ(pixels.shape(), reference.shape());
  double largest = 0, difference = 0;
  for (std::size_t i = 0; i < reference.values().size(); ++i) {
    const double wanted = std::as_const(reference).values()[i];
    largest = std::max(largest, std::abs(wanted));
    difference = std::max(difference, std::abs(std::as_const(pixels).values()[i] - wanted));
  }
  return difference / largest;
}

}  // namespace latentdial::detail::models
