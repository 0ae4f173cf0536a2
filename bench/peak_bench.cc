// The machine's matrix-product peak, the yardstick for every other figure: peak_bench f32|bf16|int8
// oneDNN's product of large squares, not our own kernels. Prints one JSON object with the best of 30 in
// GFLOP/s.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <dnnl.hpp>
#include <string>
#include <vector>

#include "ops/cpu/onednn.h"

namespace {

using Type = dnnl::memory::data_type;
using Tag = dnnl::memory::format_tag;
using Clock = std::chrono::steady_clock;

constexpr std::int64_t kSide = 2048;
constexpr int kRuns = 30;

double best_seconds(Type activations, Type weights, Type results) {
  const auto& engine = latentdial::detail::ops::cpu::onednn::engine();
  const auto product = latentdial::detail::ops::cpu::onednn::matmul({{kSide, kSide}, activations, Tag::ab},
                                                                    {{kSide, kSide}, weights, Tag::any}, {},
                                                                    {{kSide, kSide}, results, Tag::ab}, {});
  dnnl::memory x(product.src_desc(), engine), w(product.weights_desc(), engine),
      y(product.dst_desc(), engine);
  for (auto* memory : {&x, &w}) {
    std::fill_n(static_cast<char*>(memory->get_data_handle()), memory->get_desc().get_size(), char{0});
  }
  dnnl::stream stream(engine);
  double best = 1e9;
  for (int i = 0; i < kRuns; ++i) {
    const auto start = Clock::now();
    dnnl::matmul(product).execute(stream, {{DNNL_ARG_SRC, x}, {DNNL_ARG_WEIGHTS, w}, {DNNL_ARG_DST, y}});
    stream.wait();
    best = std::min(best, std::chrono::duration<double>(Clock::now() - start).count());
  }
  return best;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string type = argc == 2 ? argv[1] : "";
  double seconds = 0;
  if (type == "f32") {
    seconds = best_seconds(Type::f32, Type::f32, Type::f32);
  } else if (type == "bf16") {
    seconds = best_seconds(Type::bf16, Type::bf16, Type::bf16);
  } else if (type == "int8") {
    seconds = best_seconds(Type::u8, Type::s8, Type::f32);
  } else {
    std::fprintf(stderr, "usage: peak_bench f32|bf16|int8\n");
    return 2;
  }
  const double flop = 2.0 * kSide * kSide * kSide;
  std::printf("{\"instruction_set\": \"%s\", \"gflops\": %.1f}\n",
              latentdial::detail::ops::cpu::onednn::instruction_set().c_str(), flop / seconds * 1e-9);
  return 0;
}
