#pragma once

#include <map>
#include <string>

#include "ops/cpu_backend.h"

namespace latentdial::detail::ops::cpu {

/// Kinds of layers that may be multiplied differently.
enum class Layer {
  linear,           ///< Convolutions of 1×1 too.
  convolution_3x3,  ///< Those that Winograd's filtering can do (suits_winograd).
  convolution,      ///< All others.
  attention,
};

enum class Multiplier {
  own_f32,  ///< bf16 is widened in the cache.
  winograd_f32,
  own_int8,
  onednn_bf16,  ///< By whatever oneDNN has: AVX-512 BF16, AMX.
  bf16_pairs,   ///< Our own, by AVX-512 BF16.
};

struct Choice {
  Multiplier by;
  std::string because;
};

/// What every operation needs to know: the type of the activations, how many threads it may use, and what
/// multiplies.
struct Context {
  DType dtype = DType::f32;
  int threads = 1;
  Arithmetic arithmetic = Arithmetic::f32;
  bool int8 = false;                      ///< Products of reducible precision are of 8-bit numbers.
  std::map<Layer, Choice> measured = {};  ///< Instead of the table, of layers that are not of 8 bits.
};

/// What leaky_relu multiplies numbers below zero by.
inline constexpr float kLeak = 0.2f;

/// Calls body(T()), T being the type that an activation's elements have: float or bfloat16.
template <class Body>
void with_type(DType dtype, const Body& body) {
  if (dtype == DType::bf16) {
    body(bfloat16());
  } else {
    body(float());
  }
}

/// \name The operations of Backend, each written where its kernel is; linear.h and conv2d.h have theirs.
/// @{
[[nodiscard]] PackedWeight prepare_norm(const Tensor& gamma, const Tensor& beta, float epsilon);
[[nodiscard]] PackedWeight prepare_embedding(const Context& context, const Tensor& table);
/// The tensor itself when it already is of the type wanted; so with to_host.
[[nodiscard]] Tensor to_device(const Context& context, const Tensor& host);
[[nodiscard]] Tensor to_host(const Context& context, const Tensor& device);
[[nodiscard]] Tensor group_norm(const Context& context, Tensor x, const PackedWeight& w, std::int64_t groups,
                                const GroupNormExtras& extras);
[[nodiscard]] Tensor layer_norm(const Context& context, const Tensor& x, const PackedWeight& w);
[[nodiscard]] Tensor attention(const Context& context, const Tensor& q, const Tensor& k, const Tensor& v,
                               std::int64_t heads, bool causal);
[[nodiscard]] Tensor geglu(const Context& context, const Tensor& x);
[[nodiscard]] Tensor activate(const Context& context, const Tensor& x, Activation activation);
[[nodiscard]] Tensor prelu(const Context& context, const Tensor& x, const Tensor& slopes);
[[nodiscard]] Tensor add(const Context& context, const Tensor& a, const Tensor& b);
[[nodiscard]] Tensor mix(const Context& context, const Tensor& a, const Tensor& b, float share);
[[nodiscard]] Tensor upsample_nearest2x(const Context& context, const Tensor& x, std::int64_t height,
                                        std::int64_t width);
[[nodiscard]] Tensor concat_channels(const Context& context, const Tensor& a, const Tensor& b);
[[nodiscard]] Tensor embedding(const Context& context, std::span<const std::int32_t> ids,
                               const PackedWeight& table);
/// @}

/// y += x, of equal shape.
void add_to(const Context& context, Tensor& y, const Tensor& x);

}  // namespace latentdial::detail::ops::cpu
