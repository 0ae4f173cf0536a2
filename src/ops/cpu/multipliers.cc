#include "ops/cpu/multipliers.h"

#include "ops/cpu/attention_kernel.h"
#include "ops/cpu/int8_kernel.h"
#include "ops/cpu/onednn.h"

namespace latentdial::detail::ops::cpu {
namespace {

// GFLOP/s of two cores at the shapes of SD v1 at 512×512, by kernel_bench. Those of convolutions count the
// direct algorithm's work.

Choice of_f32(Layer layer) {
  switch (layer) {
    case Layer::linear:
      return {Multiplier::own_f32, "Sapphire Rapids: 300, in bf16 170; Zen 4: 200"};
    case Layer::convolution_3x3:
      return {Multiplier::winograd_f32, "Zen 4: 550; the peak of direct products is 225"};
    case Layer::convolution:
      return {Multiplier::own_f32, "nothing else computes it in f32"};
    case Layer::attention:
      break;
  }
  return {Multiplier::own_f32, "Zen 4: 175"};
}

Choice of_bf16(Layer layer) {
  switch (layer) {
    case Layer::linear:
      return {Multiplier::onednn_bf16, "Zen 4: 440, in f32 200"};
    case Layer::convolution_3x3:
      return {Multiplier::winograd_f32, "Zen 4: 600; directly in bf16, of stride 2, 410"};
    case Layer::convolution:
      return {Multiplier::onednn_bf16, "Zen 4: 410"};
    case Layer::attention:
      break;
  }
  if (!has_bf16_pairs()) return {Multiplier::own_f32, "no AVX-512 BF16 here"};
  return {Multiplier::bf16_pairs, "Zen 4: 360, in f32 175"};
}

Choice of_bf16_matrix(Layer layer) {
  if (layer == Layer::attention) return {Multiplier::own_f32, "nothing else computes it with AMX yet"};
  return {Multiplier::onednn_bf16, "from AMX's rate; not measured"};
}

Choice of_byte_pairs(Layer layer) {
  if (layer == Layer::convolution_3x3)
    return {Multiplier::winograd_f32, "Zen 4 held to AVX2: 370 to 630, in 8 bits 380 to 440"};
  return {Multiplier::own_int8, "Zen 4 held to AVX2: 270 to 400, in f32 140 to 200"};
}

/// Pairs are too coarse for attention, whose keys and values would have 7 bits; nothing else is written.
bool has_int8(Layer layer) {
  return layer != Layer::attention || byte_products() == ByteProducts::quads;
}

/// AVX-VNNI's, on a server's core held to it.
const char* of_byte_quads_by_256(Layer layer) {
  switch (layer) {
    case Layer::linear:
      return "Emerald Rapids held to AVX-VNNI: 470, in f32 110";
    case Layer::attention:
      return "Emerald Rapids held to AVX-VNNI: 290, in f32 130";
    default:
      return "Emerald Rapids held to AVX-VNNI: 630, in f32 430";
  }
}

Choice of_int8(Layer layer) {
  switch (byte_products()) {
    case ByteProducts::pairs:
      return of_byte_pairs(layer);
    case ByteProducts::widened:
      return {Multiplier::own_int8, "not measured"};
    case ByteProducts::quads:
      break;
  }
  if (!onednn::has_avx512()) return {Multiplier::own_int8, of_byte_quads_by_256(layer)};
  switch (layer) {
    case Layer::linear:
      return {Multiplier::own_int8, "Zen 4: 360 to 650; Emerald Rapids: 700 to 1160"};
    case Layer::attention:
      return {Multiplier::own_int8, "Emerald Rapids: 470 to 560, in f32 220 to 250"};
    default:
      return {Multiplier::own_int8, "Zen 4: 530 to 760; Emerald Rapids: 900 to 1260"};
  }
}

}  // namespace

Choice choose(const Context& context, Layer layer, Precision precision) {
  if (context.int8 && precision == Precision::reducible && has_int8(layer)) return of_int8(layer);
  if (const auto found = context.measured.find(layer); found != context.measured.end()) return found->second;
  switch (context.arithmetic) {
    case Arithmetic::bf16:
      return of_bf16(layer);
    case Arithmetic::bf16_matrix:
      return of_bf16_matrix(layer);
    case Arithmetic::f32:
      break;
  }
  return of_f32(layer);
}

std::vector<Multiplier> candidates(Layer layer) {
  std::vector<Multiplier> list;
  list.push_back(layer == Layer::convolution_3x3 ? Multiplier::winograd_f32 : Multiplier::own_f32);
  if (layer == Layer::attention) {
    if (has_bf16_pairs()) list.push_back(Multiplier::bf16_pairs);
  } else if (onednn::has_avx512()) {
    list.push_back(Multiplier::onednn_bf16);
  }
  return list;
}

const char* name(Layer layer) {
  switch (layer) {
    case Layer::linear:
      return "linear layers";
    case Layer::convolution_3x3:
      return "convolutions of 3x3, stride 1";
    case Layer::convolution:
      return "other convolutions";
    case Layer::attention:
      break;
  }
  return "attention";
}

const char* name(Multiplier multiplier) {
  switch (multiplier) {
    case Multiplier::own_f32:
      return "f32";
    case Multiplier::winograd_f32:
      return "Winograd's filtering in f32";
    case Multiplier::own_int8:
      return "8-bit numbers";
    case Multiplier::onednn_bf16:
      return "bf16 through oneDNN";
    case Multiplier::bf16_pairs:
      break;
  }
  return "pairs of bf16";
}

}  // namespace latentdial::detail::ops::cpu
