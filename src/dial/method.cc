#include "dial/method.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "dial/slerp.h"
#include "latentdial/error.h"

namespace latentdial {
namespace {

DialEncoding interpolate(const DialRequest& request, const Tensor& from, const Tensor& to, double theta) {
  return {request.per_token ? slerp_per_token(from, to, theta) : slerp(from, to, theta), {}};
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

std::string styled(const DialRequest& request) {
  return request.prompt + ", " + request.style;
}

DialEncoding encode_slerp(const DialRequest& request, const TextEncoder& encode) {
  const Tensor x1 = encode(request.prompt);
  return interpolate(request, x1, plus(x1, 1, encode(request.style)), request.position);
}

DialEncoding encode_slerp_diff(const DialRequest& request, const TextEncoder& encode) {
  const Tensor x1 = encode(request.prompt);
  return interpolate(request, x1, plus(x1, -1, encode(request.style)), -request.position);
}

DialEncoding encode_slerp_diff_normalised(const DialRequest& request, const TextEncoder& encode) {
  const Tensor x1 = encode(request.prompt);
  Tensor difference = plus(x1, -1, encode(request.style));
  const double length = norm(difference);
  if (length == 0) return {x1, {}};
  const double scale = norm(x1) / length;
  for (float& value : difference.values()) value = static_cast<float>(value * scale);
  return interpolate(request, x1, difference, -request.position);
}

DialEncoding encode_lerp(const DialRequest& request, const TextEncoder& encode) {
  return {lerp(encode(request.prompt), encode(styled(request)), request.position), {}};
}

DialEncoding encode_guide(const DialRequest& request, const TextEncoder& encode) {
  return {encode(request.prompt), encode(styled(request))};
}

}  // namespace

const std::vector<DialMethod>& dial_method_table() {
  static const std::vector<DialMethod> table = {
      {"slerp", "slerp(x1, x1+v, p)", encode_slerp},
      {"slerp-diff", "slerp(x1, x1-v, -p)", encode_slerp_diff},
      {"slerp-diff-normalised", "slerp(x1, |x1|(x1-v)/|x1-v|, -p)", encode_slerp_diff_normalised},
      {"lerp", "(1-p) x1 + p x(\"PROMPT, STYLE\")", encode_lerp},
      {"guide", "e0 + s (e(x1) - e0) + s p w(t) (e(\"PROMPT, STYLE\") - e(x1))", encode_guide},
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
