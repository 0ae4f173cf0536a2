#include "ops/cpu/measure_multipliers.h"

#include <fmt/format.h>
#ifdef __x86_64__
#include <cpuid.h>
#endif

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "ops/cpu/multipliers.h"

namespace latentdial::detail::ops::cpu {
namespace {

using Clock = std::chrono::steady_clock;

/// Each candidate is timed so often and so long, in turn, and its best time counts: a neighbour's work is not
/// its own.
constexpr int kRounds = 3;
constexpr std::chrono::milliseconds kRound(30);

/// Ordinary numbers: zeros or denormals would tell another time.
Tensor waves(Shape shape) {
  Tensor x = Tensor::empty(std::move(shape));
  float phase = 0;
  for (float& value : x.values()) value = (phase += 0.37f) > 1.0f ? phase -= 2.0f : phase;
  return x;
}

struct Work {
  double gflop;  // of the direct algorithm
  std::function<void()> call;
};

/// A layer as SD v1 has it at 512×512, in the middle of its sizes.
Work work_of(const Backend& backend, Layer layer) {
  constexpr std::int64_t kRows = 2048, kChannels = 640, kSide = 32, kKeys = 1024, kHeads = 8;
  const auto convolution = [&](std::int64_t stride) -> Work {
    const Tensor x = backend.to_device(waves({2, kSide * stride, kSide * stride, kChannels / 2}));
    const auto w = backend.prepare_conv2d(waves({kChannels / 2, kChannels / 2, 3, 3}), Tensor(),
                                          {stride, 1, 1}, Precision::full);
    const auto products = 2 * kSide * kSide * kChannels / 2 * kChannels / 2 * 9;
    return {2e-9 * static_cast<double>(products), [&backend, x, w] { (void)backend.conv2d(x, w); }};
  };
  switch (layer) {
    case Layer::convolution_3x3:
      return convolution(1);
    case Layer::convolution:
      return convolution(2);
    case Layer::attention: {
      const Tensor x = backend.to_device(waves({2, kKeys, kChannels / 2}));
      return {4e-9 * static_cast<double>(2 * kKeys * kKeys * kChannels / 2),
              [&backend, x] { (void)backend.attention(x, x, x, kHeads); }};
    }
    case Layer::linear:
      break;
  }
  const Tensor x = backend.to_device(waves({kRows, kChannels}));
  const auto w = backend.prepare_linear(waves({2 * kChannels, kChannels}), Tensor(), Precision::full);
  return {2e-9 * static_cast<double>(kRows * kChannels * 2 * kChannels),
          [&backend, x, w] { (void)backend.linear(x, w); }};
}

double best_seconds(const std::function<void()>& call) {
  double best = 1e9;
  const auto start = Clock::now();
  do {
    const auto before = Clock::now();
    call();
    best = std::min(best, std::chrono::duration<double>(Clock::now() - before).count());
  } while (Clock::now() - start < kRound);
  return best;
}

struct Candidate {
  Multiplier by;
  std::unique_ptr<Backend> backend;
  Work work;
  double rate = 0;  // GFLOP/s
};

LayerMultiplier fastest(Layer layer, int threads) {
  std::vector<Candidate> list;
  for (const auto by : candidates(layer)) {
    auto backend = make_cpu_backend(
        {.dtype = DType::bf16, .threads = threads, .measured = {{name(layer), name(by), ""}}});
    auto work = work_of(*backend, layer);
    list.push_back({by, std::move(backend), std::move(work)});
  }
  for (int round = 0; round < kRounds; ++round) {
    for (auto& each : list) each.rate = std::max(each.rate, each.work.gflop / best_seconds(each.work.call));
  }
  std::ranges::sort(list, std::greater(), &Candidate::rate);
  std::string because = "measured here";
  for (const auto& each : list)
    because += fmt::format("{} {} {:.0f}", &each == &list.front() ? ":" : ",", name(each.by), each.rate);
  return {name(layer), name(list.front().by), because};
}

std::optional<std::pair<Layer, Multiplier>> meant(const LayerMultiplier& measured) {
  for (const auto layer : kLayers) {
    if (measured.layers != name(layer)) continue;
    for (const auto by : candidates(layer)) {
      if (measured.by == name(by)) return std::pair(layer, by);
    }
  }
  return {};
}

}  // namespace

std::map<Layer, Choice> choices(const std::vector<LayerMultiplier>& measured) {
  std::map<Layer, Choice> result;
  for (const auto& each : measured) {
    if (const auto found = meant(each)) result[found->first] = {found->second, each.because};
  }
  return result;
}

}  // namespace latentdial::detail::ops::cpu

namespace latentdial::detail::ops {

std::vector<LayerMultiplier> measure_multipliers(int threads) {
  std::vector<LayerMultiplier> list;
  for (const auto layer : cpu::kLayers) list.push_back(cpu::fastest(layer, threads));
  return list;
}

bool can_multiply(const LayerMultiplier& measured) {
  return cpu::meant(measured).has_value();
}

std::string cpu_name() {
#ifdef __x86_64__
  // The brand string, in three leaves of four registers.
  std::array<unsigned, 12> words{};
  for (unsigned leaf = 0; leaf < 3; ++leaf) {
    auto* to = &words[4 * leaf];
    if (__get_cpuid(0x80000002u + leaf, to, to + 1, to + 2, to + 3) == 0) return "";
  }
  std::array<char, sizeof(words) + 1> text{};
  std::memcpy(text.data(), words.data(), sizeof(words));
  std::string name = text.data();
  while (name.ends_with(' ')) name.pop_back();
  return name;
#else
  return "";
#endif
}

}  // namespace latentdial::detail::ops
