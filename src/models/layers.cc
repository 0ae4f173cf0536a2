#include "models/layers.h"

#include <utility>

namespace latentdial::detail::models {
namespace {

ops::PackedWeight pack_norm(const Scope& scope, std::int64_t channels, float epsilon) {
  return scope.pack_once("weight", [&] {
    return scope.ops->prepare_norm(scope.weights.load("weight", {channels}),
                                   scope.weights.load("bias", {channels}), epsilon);
  });
}

}  // namespace

ops::PackedWeight Scope::pack_once(std::string_view name,
                                   const std::function<ops::PackedWeight()>& pack) const {
  if (keep == nullptr && packed == nullptr) return pack();
  if (weights.is_changed(name) || (weights.has("bias") && weights.is_changed("bias"))) return pack();
  const std::string full_name = weights.full_name(name);
  if (packed != nullptr) {
    if (const auto found = packed->find(full_name); found != packed->end()) return found->second;
  }
  ops::PackedWeight made = pack();
  if (keep != nullptr) (*keep)[full_name] = made;
  return made;
}

Linear::Linear(const Scope& scope, std::int64_t in, std::int64_t out, bool bias)
    : ops_(scope.ops), weight_(scope.pack_once("weight", [&] {
        return scope.ops->prepare_linear(scope.weights.load("weight", {out, in}),
                                         bias ? scope.weights.load("bias", {out}) : Tensor(),
                                         scope.precision);
      })) {}

Tensor Linear::operator()(const Tensor& x, ops::Epilogue epilogue) const {
  return ops_->linear(x, weight_, epilogue);
}

Conv2d::Conv2d(const Scope& scope, std::int64_t in, std::int64_t out, std::int64_t kernel,
               ops::ConvGeometry geometry, bool bias)
    : ops_(scope.ops), weight_(scope.pack_once("weight", [&] {
        return scope.ops->prepare_conv2d(scope.weights.load("weight", {out, in, kernel, kernel}),
                                         bias ? scope.weights.load("bias", {out}) : Tensor(), geometry,
                                         scope.precision);
      })) {}

Tensor Conv2d::operator()(const Tensor& x, ops::Epilogue epilogue) const {
  return ops_->conv2d(x, weight_, epilogue);
}

GroupNorm::GroupNorm(const Scope& scope, std::int64_t channels, std::int64_t groups, float epsilon)
    : ops_(scope.ops), groups_(groups), weight_(pack_norm(scope, channels, epsilon)) {}

Tensor GroupNorm::operator()(Tensor x, ops::GroupNormExtras extras) const {
  return ops_->group_norm(std::move(x), weight_, groups_, extras);
}

LayerNorm::LayerNorm(const Scope& scope, std::int64_t channels, float epsilon)
    : ops_(scope.ops), weight_(pack_norm(scope, channels, epsilon)) {}

Tensor LayerNorm::operator()(const Tensor& x) const {
  return ops_->layer_norm(x, weight_);
}

}  // namespace latentdial::detail::models
