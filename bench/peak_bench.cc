// The machine's matrix-product peak as our own back end reaches it: peak_bench f32|bf16
// Prints one JSON object: GFLOP/s of the best of several large square products, the yardstick for every other
// figure.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>

#include "ops/ops.h"

int main(int argc, char** argv) {
  using Clock = std::chrono::steady_clock;
  using latentdial::Tensor;
  const auto dtype =
      argc > 1 && std::string(argv[1]) == "f32" ? latentdial::DType::f32 : latentdial::DType::bf16;
  const auto ops = latentdial::ops::make_cpu_backend({.dtype = dtype, .threads = 0});
  constexpr std::int64_t kSide = 2048;
  const auto weight = ops->prepare_linear(Tensor::zeros({kSide, kSide}), Tensor());
  const Tensor x = ops->to_device(Tensor::zeros({kSide, kSide}));
  (void)ops->linear(x, weight);
  double best = 0;
  for (int i = 0; i < 30; ++i) {
    const auto start = Clock::now();
    (void)ops->linear(x, weight);
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    best = std::max(best, 2.0 * kSide * kSide * kSide / seconds * 1e-9);
  }
  std::printf("{\"device\": \"%s\", \"gflops\": %.1f}\n", ops->description().c_str(), best);
  return 0;
}
