// What is measured to be fastest is taken, and whatever is taken computes the same.

#include "ops/cpu/measure_multipliers.h"

#include "ops/cpu/multipliers.h"
#include "ops/reference.h"

namespace latentdial::detail::ops::test {
namespace {

BackendOptions made_by(cpu::Layer layer, cpu::Multiplier by) {
  return {.dtype = DType::bf16, .measured = {{cpu::name(layer), cpu::name(by), "a test"}}};
}

/// Such a layer of any numbers, by this back end, as f32.
Tensor result(const Backend& backend, cpu::Layer layer) {
  const auto x = [&](Shape shape) { return backend.to_device(random_tensor(std::move(shape), 1)); };
  const auto convolution = [&](std::int64_t stride) {
    const auto w = backend.prepare_conv2d(random_tensor({48, 32, 3, 3}, 2, 0.1f), Tensor(), {stride, 1, 1});
    return backend.to_host(backend.conv2d(x({2, 13, 17, 32}), w));
  };
  switch (layer) {
    case cpu::Layer::convolution_3x3:
      return convolution(1);
    case cpu::Layer::convolution:
      return convolution(2);
    case cpu::Layer::attention:
      return backend.to_host(backend.attention(x({2, 70, 80}), x({2, 70, 80}), x({2, 70, 80}), 2));
    case cpu::Layer::linear:
      break;
  }
  const auto w = backend.prepare_linear(random_tensor({80, 64}, 2, 0.1f), Tensor());
  return backend.to_host(backend.linear(x({2, 37, 64}), w));
}

std::string chosen(const BackendOptions& options, cpu::Layer layer) {
  for (const auto& row : cpu_multipliers(options)) {
    if (row.layers == cpu::name(layer)) return row.by;
  }
  return "";
}

TEST(MeasureMultipliers, FindsOneOfTheCandidatesForEachKindOfLayer) {
  const auto measured = measure_multipliers(1);
  ASSERT_EQ(measured.size(), cpu::kLayers.size());
  for (std::size_t i = 0; i < measured.size(); ++i) {
    EXPECT_EQ(measured[i].layers, cpu::name(cpu::kLayers[i]));
    EXPECT_TRUE(can_multiply(measured[i])) << measured[i].by;
    EXPECT_TRUE(measured[i].because.starts_with("measured here: " + measured[i].by)) << measured[i].because;
  }
}

TEST(MeasureMultipliers, EveryCandidateIsTakenWhereItWasMeasuredAndComputesTheSame) {
  const auto reference = make_cpu_backend({.dtype = DType::f32});
  for (const auto layer : cpu::kLayers) {
    for (const auto by : cpu::candidates(layer)) {
      const auto options = made_by(layer, by);
      EXPECT_EQ(chosen(options, layer), cpu::name(by));
      const auto error = relative_error(result(*make_cpu_backend(options), layer), result(*reference, layer));
      EXPECT_LT(error, 0.02) << cpu::name(layer) << " by " << cpu::name(by);
    }
  }
}

TEST(MeasureMultipliers, LayersOfF32AndOf8BitsKeepTheirTable) {
  for (const auto by : cpu::candidates(cpu::Layer::linear)) {
    auto options = made_by(cpu::Layer::linear, by);
    options.int8 = true;
    EXPECT_EQ(chosen(options, cpu::Layer::linear), cpu::name(cpu::Multiplier::own_int8));
    options = made_by(cpu::Layer::linear, by);
    options.dtype = DType::f32;
    EXPECT_EQ(chosen(options, cpu::Layer::linear), cpu::name(cpu::Multiplier::own_f32));
  }
}

TEST(MeasureMultipliers, OtherNamesAreNone) {
  EXPECT_FALSE(can_multiply({"linear layers", "pairs of bf16", ""})) << "nothing multiplies linear layers so";
  EXPECT_FALSE(can_multiply({"attention", "magic", ""}));
  EXPECT_FALSE(can_multiply({"", "f32", ""}));
}

}  // namespace
}  // namespace latentdial::detail::ops::test
