// Each operation of the back end at the shapes of SD v1 at 512×512, batch 2, with its GFLOP/s (of the direct
// algorithm): kernel_bench [Google Benchmark's options]

#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <utility>

#include "ops/cpu_backend.h"

namespace {

using latentdial::detail::DType;
using latentdial::detail::Shape;
using latentdial::detail::Tensor;
namespace ops = latentdial::detail::ops;

/// What computes: activations of f32 or bf16, or products of 8-bit numbers.
enum class Numbers { f32, bf16, int8 };

const ops::Backend& backend(Numbers kind) {
  static const auto f32 = ops::make_cpu_backend({.dtype = DType::f32});
  static const auto bf16 = ops::make_cpu_backend({.dtype = DType::bf16});
  static const auto int8 = ops::make_cpu_backend({.dtype = DType::bf16, .int8 = true});
  return kind == Numbers::f32 ? *f32 : kind == Numbers::bf16 ? *bf16 : *int8;
}

/// Ordinary numbers: zeros or denormals would tell another time.
Tensor numbers(Shape shape) {
  Tensor x = Tensor::empty(std::move(shape));
  float value = 0;
  for (float& v : x.values()) v = (value += 0.37f) > 1.0f ? value -= 2.0f : value;
  return x;
}

template <class Call>
void repeat(benchmark::State& state, double flop, const Call& call) {
  call();
  for (auto _ : state) call();
  state.counters["GFLOP/s"] = benchmark::Counter(flop * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
}

void linear(benchmark::State& state, Numbers kind, std::int64_t rows, std::int64_t in, std::int64_t out) {
  const auto& b = backend(kind);
  const auto w = b.prepare_linear(numbers({out, in}), numbers({out}));
  const Tensor x = b.to_device(numbers({rows, in}));
  repeat(state, 2.0 * static_cast<double>(rows * in * out),
         [&] { benchmark::DoNotOptimize(b.linear(x, w)); });
}

void conv2d(benchmark::State& state, Numbers kind, std::int64_t batch, std::int64_t side, std::int64_t in,
            std::int64_t out) {
  const auto& b = backend(kind);
  const auto w = b.prepare_conv2d(numbers({out, in, 3, 3}), numbers({out}), {1, 1, 1});
  const Tensor x = b.to_device(numbers({batch, side, side, in}));
  repeat(state, 18.0 * static_cast<double>(batch * side * side * in * out),
         [&] { benchmark::DoNotOptimize(b.conv2d(x, w)); });
}

void attention(benchmark::State& state, Numbers kind, std::int64_t batch, std::int64_t queries,
               std::int64_t keys, std::int64_t heads, std::int64_t size) {
  const auto& b = backend(kind);
  const Tensor q = b.to_device(numbers({batch, queries, heads * size}));
  const Tensor k = b.to_device(numbers({batch, keys, heads * size}));
  const Tensor v = b.to_device(numbers({batch, keys, heads * size}));
  repeat(state, 4.0 * static_cast<double>(batch * queries * keys * heads * size),
         [&] { benchmark::DoNotOptimize(b.attention(q, k, v, heads)); });
}

void geglu(benchmark::State& state, Numbers kind, std::int64_t rows, std::int64_t columns) {
  const auto& b = backend(kind);
  const Tensor x = b.to_device(numbers({rows, 2 * columns}));
  repeat(state, 0, [&] { benchmark::DoNotOptimize(b.geglu(x)); });
}

void group_norm(benchmark::State& state, Numbers kind, std::int64_t side, std::int64_t channels) {
  const auto& b = backend(kind);
  const auto w = b.prepare_norm(numbers({channels}), numbers({channels}), 1e-5f);
  const Tensor x = b.to_device(numbers({2, side, side, channels}));
  repeat(state, 0,
         [&] { benchmark::DoNotOptimize(b.group_norm(x, w, 32, {.activation = ops::Activation::silu})); });
}

template <class Function, class... Arguments>
void add(const std::string& name, Function function, Arguments... arguments) {
  const std::pair<Numbers, const char*> kinds[] = {
      {Numbers::f32, "f32"}, {Numbers::bf16, "bf16"}, {Numbers::int8, "int8"}};
  for (const auto& [numbers, label] : kinds) {
    const Numbers kind = numbers;
    benchmark::RegisterBenchmark((name + "/" + label).c_str(),
                                 [=](benchmark::State& state) { function(state, kind, arguments...); })
        ->UseRealTime()
        ->Unit(benchmark::kMillisecond);
  }
}

void add_all() {
  add("linear/8192x320x320", linear, 8192, 320, 320);
  add("linear/8192x320x2560", linear, 8192, 320, 2560);
  add("linear/2048x640x640", linear, 2048, 640, 640);
  add("linear/2048x2560x640", linear, 2048, 2560, 640);
  add("linear/512x1280x1280", linear, 512, 1280, 1280);
  add("linear/512x1280x10240", linear, 512, 1280, 10240);
  add("linear/512x5120x1280", linear, 512, 5120, 1280);
  add("conv2d/64x64x320x320", conv2d, 2, 64, 320, 320);
  add("conv2d/64x64x960x320", conv2d, 2, 64, 960, 320);
  add("conv2d/32x32x640x640", conv2d, 2, 32, 640, 640);
  add("conv2d/32x32x1920x640", conv2d, 2, 32, 1920, 640);
  add("conv2d/16x16x1280x1280", conv2d, 2, 16, 1280, 1280);
  add("conv2d/8x8x1280x1280", conv2d, 2, 8, 1280, 1280);
  add("conv2d/vae/128x128x512x512", conv2d, 1, 128, 512, 512);
  add("conv2d/vae/512x512x128x128", conv2d, 1, 512, 128, 128);
  add("attention/4096x40", attention, 2, 4096, 4096, 8, 40);
  add("attention/1024x80", attention, 2, 1024, 1024, 8, 80);
  add("attention/256x160", attention, 2, 256, 256, 8, 160);
  add("attention/4096x77x40", attention, 2, 4096, 77, 8, 40);
  add("attention/vae/4096x512", attention, 1, 4096, 4096, 1, 512);
  add("geglu/8192x1280", geglu, 8192, 1280);
  add("group_norm/64x64x320", group_norm, 64, 320);
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  add_all();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
