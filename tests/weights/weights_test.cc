#include "weights/weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <fstream>

#include "weights/safetensors.h"
#include "weights/test_files.h"
#include "weights/widen.h"

namespace latentdial::detail {
namespace {

using testing::bytes_of;
using ::testing::ElementsAre;
using testing::f32_tensor;
using ::testing::HasSubstr;
using testing::RawTensor;
using testing::refusal;
using testing::safetensors;
using testing::TempDir;
using testing::write_file;

class StoredWeights : public ::testing::Test {
 protected:
  Weights open(const std::map<std::string, RawTensor>& tensors, std::size_t padding = 0) {
    return open_file(write_file(dir_ / "model.safetensors", safetensors(tensors, padding)));
  }
  static Weights open_file(const std::filesystem::path& path) {
    std::map<std::string, Tensor> opened;
    for (const auto& [name, tensor] : read_safetensors(MappedFile::open(path)).tensors)
      opened[name] = tensor.map();
    return {"unet", path.string(), opened};
  }

  TempDir dir_;
};

TEST_F(StoredWeights, AreFoundByScopedName) {
  const auto weights = open({{"down_blocks.0.conv.bias", f32_tensor({2}, {1, 2})}});
  const auto conv = weights / "down_blocks.0" / "conv";
  EXPECT_TRUE(conv.has("bias"));
  EXPECT_FALSE(conv.has("weight"));
  EXPECT_FALSE(weights.has("bias"));
  EXPECT_EQ(conv.shape("bias"), Shape{2});
  EXPECT_THAT(conv.load("bias", {2}).values(), ElementsAre(1, 2));
}

TEST_F(StoredWeights, ComeOutWholeWhateverTheirAlignmentInTheFile) {
  for (std::size_t padding = 0; padding < 8; ++padding) {
    const auto weights =
        open({{"a", {"BF16", {1}, "\x80\x3f"}}, {"b", f32_tensor({3}, {1.5F, -2, 3e-39F})}}, padding);
    EXPECT_THAT(weights.load("b", {3}).values(), ElementsAre(1.5F, -2, 3e-39F));
    EXPECT_THAT(weights.load("a", {1}).values(), ElementsAre(1.0F));
  }
}

// Reference: the value that IEEE 754 gives 16 bits.
float half_value(int bits) {
  const int exponent = (bits >> 10) & 31;
  const auto mantissa = static_cast<float>(bits & 1023);
  const float sign = (bits & 0x8000) != 0 ? -1.0F : 1.0F;
  if (exponent == 31) return mantissa != 0 ? NAN : sign * INFINITY;
  return sign * (exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25));
}

TEST_F(StoredWeights, OfEveryHalfValueAreExact) {
  std::vector<std::uint16_t> all(1 << 16);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint16_t>(i);
  const auto loaded = as_f32(open({{"h", {"F16", {1 << 16}, bytes_of(all)}}}).stored("h"));
  for (int bits = 0; bits < 1 << 16; ++bits) {
    const float value = loaded.values()[static_cast<std::size_t>(bits)];
    const float wanted = half_value(bits);
    if (std::isnan(wanted)) {
      ASSERT_TRUE(std::isnan(value)) << bits;
    } else {
      ASSERT_EQ(std::bit_cast<std::uint32_t>(value), std::bit_cast<std::uint32_t>(wanted)) << bits;
    }
  }
}

// Reference: the value that arXiv 2209.05433 gives 8 bits, with so many of them the mantissa.
float float8_value(int bits, int mantissa_bits) {
  const int bias = mantissa_bits == 3 ? 7 : 15, exponent = (bits & 127) >> mantissa_bits;
  const int mantissa = bits & ((1 << mantissa_bits) - 1);
  const float sign = bits >= 128 ? -1.0F : 1.0F;
  if (mantissa_bits == 3 && (bits & 127) == 127) return NAN;
  if (mantissa_bits == 2 && exponent == 31) return mantissa != 0 ? NAN : sign * INFINITY;
  const int whole = exponent == 0 ? mantissa : mantissa + (1 << mantissa_bits);
  return sign * std::ldexp(static_cast<float>(whole), std::max(exponent, 1) - bias - mantissa_bits);
}

TEST_F(StoredWeights, OfEvery8BitFloatAreExact) {
  std::vector<std::uint8_t> all(256);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint8_t>(i);
  for (const auto& [dtype, mantissa_bits] : std::map<std::string, int>{{"F8_E4M3", 3}, {"F8_E5M2", 2}}) {
    const auto loaded = as_f32(open({{"f", {dtype, {256}, bytes_of(all)}}}).stored("f"));
    for (int bits = 0; bits < 256; ++bits) {
      const float value = loaded.values()[static_cast<std::size_t>(bits)];
      const float wanted = float8_value(bits, mantissa_bits);
      ASSERT_EQ(std::isnan(value), std::isnan(wanted)) << dtype << bits;
      if (std::isnan(wanted)) continue;
      ASSERT_EQ(std::bit_cast<std::uint32_t>(value), std::bit_cast<std::uint32_t>(wanted)) << dtype << bits;
    }
  }
}

const RawTensor kEights{"F8_E4M3", {2}, "\x38\x40"};  // 1 and 2.

TEST_F(StoredWeights, AreMultipliedByTheirScale) {
  const auto weights = open({{"a.weight", kEights},
                             {"a.scale_weight", f32_tensor({}, {0.75F})},
                             {"a.scale_input", f32_tensor({1}, {9})},
                             {"b.weight", {"F8_E5M2", {1, 1}, "\x3c"}},
                             {"b.scale_weight", {"BF16", {1}, std::string("\x00\x40", 2)}},
                             {"scaled_fp8", {"F8_E4M3", {0}, ""}}});
  EXPECT_THAT(weights.load("a.weight", {2}).values(), ElementsAre(0.75F, 1.5F));
  EXPECT_THAT(weights.load("b.weight", {1, 1}).values(), ElementsAre(2));
  EXPECT_THAT(weights.unused(), ::testing::IsEmpty());
}

TEST_F(StoredWeights, WithoutAScaleAreTakenAsTheyAre) {
  EXPECT_THAT(open({{"a.weight", kEights}}).load("a.weight", {2}).values(), ElementsAre(1, 2));
}

TEST_F(StoredWeights, WhoseScaleLiesAreRefused) {
  const auto refused = [&](std::map<std::string, RawTensor> tensors) {
    tensors.emplace("a.weight", kEights);
    return refusal([&] { (void)open(tensors); });
  };
  for (const float wrong : {0.0F, -1.0F, NAN, INFINITY})
    EXPECT_THAT(refused({{"a.scale_weight", f32_tensor({1}, {wrong})}}),
                HasSubstr("a scale above 0 is needed"));
  EXPECT_THAT(refused({{"a.scale_weight", f32_tensor({2}, {1, 1})}}), HasSubstr("has shape [2] where one"));
  EXPECT_THAT(refused({{"b.scale_weight", f32_tensor({}, {1})}}), HasSubstr("of a tensor that is missing"));
  EXPECT_THAT(refused({{"scaled_fp8", {"F8_E4M3", {0}, ""}}}),
              HasSubstr("'a.weight' has no scale beside it, but the file says"));
}

TEST_F(StoredWeights, AreFiniteOrNamed) {
  const double nan = std::nan(""), infinite = INFINITY;
  const auto bytes = [](auto value) { return bytes_of<decltype(value)>({value}); };
  for (const RawTensor& wrong : std::vector<RawTensor>{{"F32", {1}, bytes(static_cast<float>(nan))},
                                                       {"F32", {1}, bytes(static_cast<float>(-infinite))},
                                                       {"F64", {1}, bytes(nan)},
                                                       {"F64", {1}, bytes(1e300)},
                                                       {"F16", {1}, bytes(std::uint16_t{0x7c00})},
                                                       {"F16", {1}, bytes(std::uint16_t{0xfe00})},
                                                       {"BF16", {1}, bytes(std::uint16_t{0x7f80})},
                                                       {"BF16", {1}, bytes(std::uint16_t{0xffc0})}}) {
    const auto weights = open({{"right", f32_tensor({1}, {1})}, {"wrong", wrong}});
    EXPECT_NO_THROW((void)weights.load("right", {1}));
    try {
      (void)weights.load("wrong", {1});
      ADD_FAILURE() << wrong.dtype << " was taken";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_input);
      EXPECT_THAT(error.what(),
                  ::testing::HasSubstr("not a number, or an infinite one, in its tensor 'wrong'"));
    }
  }
  std::vector<float> many(200'000, 1);
  many.back() = NAN;
  EXPECT_THROW((void)open({{"many", f32_tensor({200'000}, many)}}).load("many", {200'000}), Error);
}

TEST_F(StoredWeights, OfAMatrixMayBeStoredAsA1x1Convolution) {
  const auto weights =
      open({{"conv", f32_tensor({2, 1, 1, 1}, {1, 2})}, {"linear", f32_tensor({2, 1}, {3, 4})}});
  EXPECT_EQ(weights.load("conv", {2, 1}).shape(), (Shape{2, 1}));
  EXPECT_EQ(weights.load("linear", {2, 1, 1, 1}).shape(), (Shape{2, 1, 1, 1}));
}

TEST_F(StoredWeights, NameAMissingTensorAndWhatItShouldBe) {
  const auto weights = open({{"a", f32_tensor({1}, {1})}});
  const auto message = refusal([&] { (void)(weights / "mid").load("b", {3, 4}); });
  EXPECT_THAT(message,
              HasSubstr("model.safetensors: unet has no tensor 'mid.b', which should have shape [3, 4]"));
  EXPECT_THAT(refusal([&] { (void)weights.shape("b"); }), HasSubstr("unet has no tensor 'b'"));
}

TEST_F(StoredWeights, NameAMisshapenTensorWithBothShapes) {
  const auto weights = open({{"a.weight", f32_tensor({2, 1}, {1, 2})}});
  EXPECT_THAT(refusal([&] {
                (void)(weights / "a").load("weight", {1, 2});
              }),
              HasSubstr("unet tensor 'a.weight' has shape [2, 1] where [1, 2] is needed"));
  EXPECT_THAT(refusal([&] { (void)(weights / "a").load("weight", {2}); }), HasSubstr("where [2] is needed"));
}

TEST_F(StoredWeights, MustBeFloatingPoint) {
  const auto weights = open({{"ids", {"I64", {1}, std::string(8, '\1')}}});
  EXPECT_THAT(refusal([&] { (void)weights.load("ids", {1}); }),
              HasSubstr("'ids' holds i64 where floating-point"));
}

TEST_F(StoredWeights, RecordWhatNothingHasLoaded) {
  const auto weights =
      open({{"a", f32_tensor({1}, {1})}, {"b.c", f32_tensor({1}, {1})}, {"d", f32_tensor({1}, {1})}});
  EXPECT_THAT(weights.unused(), ElementsAre("a", "b.c", "d"));
  (void)(weights / "b").load("c", {1});
  (void)weights.shape("d");
  EXPECT_THAT(weights.unused(), ElementsAre("a", "d"));
}

// Pages of mapped files that count as this process's memory, in bytes.
long resident_file_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word == "RssFile:") {
      long kib = 0;
      status >> kib;
      return kib * 1024;
    }
  }
  return -1;
}

TEST_F(StoredWeights, DoNotKeepTheFileInMemoryOnceLoaded) {
  constexpr std::int64_t kCount = 24 << 20;  // 96 MiB.
  auto header =
      fmt::format(R"({{"a":{{"dtype":"F32","shape":[{}],"data_offsets":[0,{}]}}}})", kCount, kCount * 4);
  header.resize((header.size() + 7) / 8 * 8, ' ');  // As its writers pad it, so that the values are aligned.
  const auto path = write_file(dir_ / "large.safetensors", safetensors(header, ""));
  std::filesystem::resize_file(path, std::filesystem::file_size(path) + kCount * 4);
  const auto weights = open_file(path);
  const auto before = resident_file_bytes();
  ASSERT_GT(before, 0);
  {
    const auto loaded = weights.load("a", {kCount});
    const auto values = loaded.values();
    EXPECT_EQ(std::accumulate(values.begin(), values.end(), 0.0f), 0.0f);
    EXPECT_GT(resident_file_bytes() - before, 64 << 20) << "the values are read where they lie";
  }
  EXPECT_LT(resident_file_bytes() - before, 8 << 20);
}

}  // namespace
}  // namespace latentdial::detail
