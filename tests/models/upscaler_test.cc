// Networks that enlarge pictures against spandrel's on small random weights (tests/golden/models/make.py).

#include "models/upscaler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "models/golden.h"
#include "models/pixel_shuffle.h"
#include "ops/cpu_backend.h"
#include "weights/test_files.h"
#include "weights/upscaler_files.h"

namespace latentdial::detail::models {
namespace {

using latentdial::testing::f32_tensor;
using latentdial::testing::RawTensor;
using latentdial::testing::refusal;
using latentdial::testing::write_file;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::filesystem::path file(const std::string& name) {
  return golden_folder("upscalers") / name;
}

Tensor expected(const std::string& name) {
  return expected_in(golden_folder("upscalers"), name);
}

Tensor enlarged(const std::filesystem::path& path, DType dtype) {
  const auto ops = ops::make_cpu_backend({.dtype = dtype, .threads = 2});
  const Component component = open_upscaler(path);
  const auto network =
      make_upscaler({component.weights, ops.get()}, UpscalerConfig::from_json(component.config));
  EXPECT_THAT(component.weights.unused(), IsEmpty());
  return (*network)(expected("pixels"));
}

TEST(Upscaler, EqualsSpandrel) {
  for (const std::string name : {"rrdb", "rrdb-x2", "compact"}) {
    EXPECT_LE(error_of(enlarged(file(name + ".pth"), DType::f32), expected(name)), 1e-4) << name;
    EXPECT_LE(error_of(enlarged(file(name + ".pth"), DType::bf16), expected(name)), 0.05) << name;
  }
}

TEST(Upscaler, ItsConfigFollowsFromItsTensors) {
  const auto rrdb = UpscalerConfig::from_json(open_upscaler(file("rrdb.pth")).config);
  EXPECT_EQ(rrdb.scale(), 4);
  EXPECT_EQ(rrdb.growth, 4);
  const auto x2 = UpscalerConfig::from_json(open_upscaler(file("rrdb-x2.pth")).config);
  EXPECT_EQ(x2.scale(), 2);
  EXPECT_EQ(x2.unshuffle, 2);
  const auto compact = UpscalerConfig::from_json(open_upscaler(file("compact.pth")).config);
  EXPECT_EQ(compact.kind, UpscalerConfig::Kind::compact_net);
  EXPECT_EQ(compact.blocks, 3);
  EXPECT_EQ(compact.scale(), 2);
}

class UpscalerFile : public ::testing::Test {
 protected:
  std::string refusal_of(const std::map<std::string, RawTensor>& tensors) {
    const auto path = write_file(dir_ / "other.safetensors", latentdial::testing::safetensors(tensors));
    return refusal([&] { (void)enlarged(path, DType::f32); });
  }
  TempDir dir_;
};

TEST_F(UpscalerFile, SaysWhenItHoldsNone) {
  EXPECT_THAT(refusal_of({{"0.weight", f32_tensor({1, 3, 1, 1}, {1, 2, 3})}}),
              AllOf(HasSubstr("other.safetensors"), HasSubstr("RRDBNet"), HasSubstr("SRVGGNetCompact")));
  EXPECT_THAT(refusal_of({{"body.0.weight", f32_tensor({2}, {1, 2})}}), HasSubstr("RRDBNet"));
  EXPECT_THAT(refusal([&] { (void)open_upscaler(dir_ / "none.pth"); }), HasSubstr("none.pth"));
}

TEST_F(UpscalerFile, NamesAMissingTensorAndAWrongShape) {
  const RawTensor first = f32_tensor({1, 3, 3, 3}, std::vector<float>(27));
  const RawTensor dense = f32_tensor({1, 1, 3, 3}, std::vector<float>(9));
  EXPECT_THAT(refusal_of({{"conv_first.weight", first}, {"body.0.rdb1.conv1.weight", dense}}),
              HasSubstr("has no tensor '"));
  EXPECT_THAT(refusal_of({{"conv_first.weight", f32_tensor({1, 5, 3, 3}, std::vector<float>(45))},
                          {"body.0.rdb1.conv1.weight", dense}}),
              HasSubstr("an RRDBNet"));
}

TEST(PixelShuffle, ComesBack) {
  Tensor x = Tensor::empty({2, 4, 6, 3});
  float value = 0;
  for (float& v : x.values()) v = value++;
  const Tensor small = pixel_unshuffle(x, 2);
  EXPECT_EQ(small.shape(), (Shape{2, 2, 3, 12}));
  EXPECT_EQ(small.values()[1], 3);  // Channel 0, one pixel to the right.
  const Tensor back = pixel_shuffle(small, 2);
  EXPECT_TRUE(std::ranges::equal(std::as_const(x).values(), std::as_const(back).values()));
}

}  // namespace
}  // namespace latentdial::detail::models
