#include "dial/method.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "dial/slerp.h"
#include "latentdial/error.h"

namespace latentdial {
namespace {

Tensor interpolate(const DialRequest& request, const Tensor& from, const Tensor& to, double theta) {
  return request.per_token ? slerp_per_token(from, to, theta) : slerp(from, to, theta);
}

/// a + weight · b.
Tensor plus(const Tensor& a, double weight, const Tensor& b) {
  Tensor sum = a.clone();
  for (std::size_t i = 0; i < sum.values().size(); ++i)
    sum.values()[i] += static_cast<float>(weight * b.values()[i]);
  return sum;
}

double norm(const Tensor& x) {
  double sum = 0;
  for (const float value : x.values()) sum += static_cast<double>(value) * value;
  return std::sqrt(sum);
}

Tensor encode_slerp(const DialRequest& request, const TextEncoder& encode) {
  const Tensor x1 = encode(request.prompt);
  return interpolate(request, x1, plus(x1, 1, encode(request.style)), request.position);
}

Tensor encode_slerp_diff(const DialRequest& request, const TextEncoder& encode) {
  const Tensor x1 = encode(request.prompt);
  return interpolate(request, x1, plus(x1, -1, encode(request.style)), -request.position);
}

Tensor encode_slerp_diff_normalised(const DialRequest& request, const TextEncoder& encode) {
  const Tensor x1 = encode(request.prompt);
  Tensor difference = plus(x1, -1, encode(request.style));
  const double length = norm(difference);
  if (length == 0) return x1;
  const double scale = norm(x1) / length;
  for (float& value : difference.values()) value = static_cast<float>(value * scale);
  return interpolate(request, x1, difference, -request.position);
}

Tensor encode_lerp(const DialRequest& request, const TextEncoder& encode) {
  return lerp(encode(request.prompt), encode(request.prompt + ", " + request.style), request.position);
}

}  // namespace

const std::vector<DialMethod>& dial_method_table() {
  static const std::vector<DialMethod> table = {
      {"slerp", "slerp(x1, x1+v, p)", encode_slerp},
      {"slerp-diff", "slerp(x1, x1-v, -p)", encode_slerp_diff},
      {"slerp-diff-normalised", "slerp(x1, |x1|(x1-v)/|x1-v|, -p)", encode_slerp_diff_normalised},
      {"lerp", "(1-p) x1 + p x(\"PROMPT, STYLE\")", encode_lerp},
  };
  return table;
}

const DialMethod& find_dial_method(std::string_view name) {
  const auto& table = dial_method_table();
  const auto found =
      std::find_if(table.begin(), table.end(), [&](const auto& method) { return method.name == name; });
  if (found != table.end()) return *found;
  std::vector<std::string_view> names;
  for (const auto& method : table) names.push_back(method.name);
  throw invalid_input(fmt::format("--method: \"{}\" is unknown; use {}", name, fmt::join(names, ", ")));
}

}  // namespace latentdial
