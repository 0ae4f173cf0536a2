#include "weights/scales.h"

#include <fmt/format.h>

#include <cmath>

#include "latentdial/error.h"
#include "text/words.h"
#include "weights/widen.h"

namespace latentdial::detail {
namespace {

constexpr std::string_view kScale = ".scale_weight";
constexpr std::string_view kInputScale = ".scale_input";
constexpr std::string_view kMark = "scaled_fp8";

bool is_mark(std::string_view name) {
  return name == kMark || (name.ends_with(kMark) && name[name.size() - kMark.size() - 1] == '.');
}

bool is_float8(const Tensor& tensor) {
  return tensor.dtype() == DType::f8_e4m3 || tensor.dtype() == DType::f8_e5m2;
}

std::string weight_of(std::string_view scale) {
  return fmt::format("{}.weight", scale.substr(0, scale.size() - kScale.size()));
}

}  // namespace

bool belongs_to_scales(std::string_view name) {
  return name.ends_with(kScale) || name.ends_with(kInputScale) || is_mark(name);
}

std::map<std::string, float> read_scales(const std::string& source, const std::string& component,
                                         const std::map<std::string, Tensor>& tensors) {
  const auto refuse = [&](const std::string& name, const std::string& what) {
    return invalid_input(fmt::format("{}: {} tensor {} {}", source, component, printable(name), what));
  };
  std::map<std::string, float> scales;
  bool is_marked = false;
  for (const auto& [name, tensor] : tensors) {
    is_marked = is_marked || is_mark(name);
    if (!name.ends_with(kScale)) continue;
    const std::string weight = weight_of(name);
    if (!tensors.contains(weight)) throw refuse(name, "is the scale of a tensor that is missing");
    if (tensor.count() != 1)
      throw refuse(name, fmt::format("has shape {} where one scale is needed", to_string(tensor.shape())));
    const float scale = as_f32(tensor).values()[0];
    if (!std::isfinite(scale) || scale <= 0)
      throw refuse(name, fmt::format("is {}, but a scale above 0 is needed", scale));
    scales.emplace(weight, scale);
  }
  for (const auto& [name, tensor] : tensors) {
    if (is_marked && is_float8(tensor) && !belongs_to_scales(name) && !scales.contains(name))
      throw refuse(
          name, fmt::format("has no scale beside it, but the file says that its 8-bit floats are scaled ({})",
                            kMark));
  }
  return scales;
}

}  // namespace latentdial::detail
