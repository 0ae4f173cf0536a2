#include "weights/gguf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "weights/test_files.h"
#include "weights/widen.h"

namespace latentdial::detail {
namespace {

using testing::bytes_of;
using ::testing::ElementsAre;
using testing::gguf;
using testing::gguf_entry;
using testing::gguf_text;
using testing::golden;
using ::testing::HasSubstr;
using testing::refusal;
using testing::TempDir;
using testing::write_file;

constexpr std::uint32_t kF32 = 0, kQ8 = 8, kUnknown = 77;               // The format's numbers of types,
constexpr std::uint32_t kUint32 = 4, kInt32 = 5, kText = 8, kList = 9;  // and of facts.

const std::string kData(64, '\1');

class Gguf : public ::testing::Test {
 protected:
  CheckpointFile read(const std::string& bytes) {
    return read_gguf_file(MappedFile::open(write_file(dir_ / "model.gguf", bytes)));
  }
  std::string refused(const std::string& bytes) {
    return refusal([&] { (void)read(bytes); });
  }
  std::string refused(const std::vector<std::string>& facts, const std::vector<std::string>& entries) {
    return refused(gguf(facts, entries, kData));
  }
  TempDir dir_;
};

std::string number_fact(const std::string& name, std::uint32_t value) {
  return gguf_text(name) + bytes_of<std::uint32_t>({kUint32, value});
}

std::string list_fact(const std::string& name, std::uint32_t type, std::uint64_t length,
                      const std::string& rest) {
  return gguf_text(name) + bytes_of<std::uint32_t>({kList, type}) + bytes_of<std::uint64_t>({length}) + rest;
}

// Reference: the gguf package's own values (tests/golden/weights/make.py).
TEST_F(Gguf, BlocksHaveTheValuesOfGgml) {
  const auto file = read_gguf_file(MappedFile::open(golden("blocks.gguf")));
  const std::string expected = testing::read_file(golden("blocks.f32"));
  constexpr std::size_t kBytes = 256 * sizeof(float);
  ASSERT_EQ(file.tensors.size() * kBytes, expected.size());
  std::size_t at = 0;
  for (const auto& [name, tensor] : file.tensors) {
    const Tensor values = as_f32(open_tensor("f", name, tensor));
    ASSERT_EQ(values.bytes(), kBytes) << name;
    EXPECT_EQ(std::memcmp(values.raw(), expected.data() + at, kBytes), 0) << name;
    at += kBytes;
  }
}

TEST_F(Gguf, ShapesAreTurnedRoundOrTheOriginalOnes) {
  const auto file = read_gguf_file(MappedFile::open(golden("blocks.gguf")));
  EXPECT_THAT(file.tensors.at("Q4_K").shape, ElementsAre(1, 256));
  EXPECT_THAT(file.tensors.at("Q8_0").shape, ElementsAre(4, 8, 8));
  EXPECT_EQ(file.metadata.at("modelspec.prediction_type"), "v");
}

TEST_F(Gguf, BothVersionsAreRead) {
  for (const std::uint32_t version : {2U, 3U}) {
    const auto file = read(gguf({}, {gguf_entry("a", {2, 8}, kF32, 0)}, kData, version));
    EXPECT_THAT(file.tensors.at("a").shape, ElementsAre(8, 2));
  }
}

TEST_F(Gguf, FactsThatNothingAsksForArePassedOver) {
  const std::string texts = list_fact("words", kText, 2, gguf_text("a") + gguf_text("b"));
  const std::string nested =
      list_fact("lists", kList, 1, bytes_of<std::uint32_t>({kInt32}) + bytes_of<std::uint64_t>({1}) + "1234");
  const std::string many = list_fact("numbers", kInt32, 9, std::string(36, '\1'));
  const auto file = read(gguf({texts, nested, many, number_fact("general.alignment", 32)},
                              {gguf_entry("a", {16}, kF32, 0)}, kData));
  EXPECT_EQ(file.tensors.size(), 1);
}

TEST_F(Gguf, ATypeThatIsNotKnownIsNamedWhereItIsAskedFor) {
  const auto file = read(gguf({}, {gguf_entry("a", {16}, kUnknown, 0), gguf_entry("b", {32}, 20, 0)}, kData));
  EXPECT_THAT(refusal([&] { (void)open_tensor("f", "a", file.tensors.at("a")); }),
              HasSubstr("is of type '77'"));
  EXPECT_THAT(refusal([&] { (void)open_tensor("f", "b", file.tensors.at("b")); }), HasSubstr("IQ4_NL"));
}

TEST_F(Gguf, PlacesThatLieAreRefused) {
  EXPECT_THAT(refused({}, {gguf_entry("a", {17}, kF32, 0)}),
              HasSubstr("claims 68 bytes from byte 0 on of 64"));
  EXPECT_THAT(refused({}, {gguf_entry("a", {1}, kF32, 96)}), HasSubstr("claims 4 bytes from byte 96"));
  EXPECT_THAT(refused({}, {gguf_entry("a", {1}, kF32, ~31ULL)}), HasSubstr("truncated or damaged"));
  EXPECT_THAT(refused({}, {gguf_entry("a", {1}, kF32, 4)}), HasSubstr("not a multiple of 32"));
  EXPECT_THAT(refused({}, {gguf_entry("a", {16}, kF32, 0), gguf_entry("b", {1}, kF32, 32)}),
              HasSubstr("'b' lies over tensor 'a'"));
}

TEST_F(Gguf, ShapesThatLieAreRefused) {
  EXPECT_THAT(refused({}, {gguf_entry("a", {1ULL << 40, 1ULL << 40}, kF32, 0)}),
              HasSubstr("impossible shape"));
  EXPECT_THAT(refused({}, {gguf_entry("a", {~0ULL}, kF32, 0)}), HasSubstr("impossible shape"));
  // Nothing times as much as overflows is nothing, in whatever order it is counted.
  EXPECT_EQ(read(gguf({}, {gguf_entry("a", {1ULL << 40, 1ULL << 40, 0}, kF32, 0)}, kData)).tensors.size(), 1);
  EXPECT_THAT(refused({}, {gguf_entry("a", std::vector<std::uint64_t>(9, 1), kF32, 0)}),
              HasSubstr("claims 9 extents"));
  EXPECT_THAT(refused({}, {gguf_entry("a", {16, 2}, kQ8, 0)}), HasSubstr("q8_0 is stored in blocks of 32"));
  const auto original = [](std::uint64_t length, const std::vector<std::int32_t>& extents) {
    return list_fact("comfy.gguf.orig_shape.a", kInt32, length, bytes_of(extents));
  };
  EXPECT_THAT(refused({original(2, {4, 5})}, {gguf_entry("a", {16}, kF32, 0)}),
              HasSubstr("cannot have had the shape [4, 5]"));
  EXPECT_THAT(refused({original(2, {-4, -4})}, {gguf_entry("a", {16}, kF32, 0)}),
              HasSubstr("cannot have had"));
  EXPECT_THAT(refused({original(0, {})}, {gguf_entry("a", {1}, kF32, 0)}), HasSubstr("cannot have had"));
}

TEST_F(Gguf, NamesThatStandTwiceAreRefused) {
  const auto entry = gguf_entry("a", {1}, kF32, 0), fact = number_fact("n", 1);
  EXPECT_THAT(refused({}, {entry, entry}), HasSubstr("tensor name 'a' stands twice"));
  EXPECT_THAT(refused({fact, fact}, {entry}), HasSubstr("the fact 'n' stands twice"));
}

TEST_F(Gguf, CountsAndLengthsThatLieAreRefused) {
  const auto head = [](std::uint32_t version, std::uint64_t tensors, std::uint64_t facts) {
    return "GGUF" + bytes_of<std::uint32_t>({version}) + bytes_of<std::uint64_t>({tensors, facts});
  };
  EXPECT_THAT(refused(head(3, ~0ULL, 0)), HasSubstr("claims 18446744073709551615 tensors"));
  EXPECT_THAT(refused(head(3, 0, 1 << 20)), HasSubstr("claims 1048576 facts"));
  EXPECT_THAT(refused(head(3, 1, 0)), HasSubstr("truncated or damaged"));
  EXPECT_THAT(refused(head(1, 0, 0)), HasSubstr("version 1"));
  EXPECT_THAT(refused(head(3U << 24, 0, 0)), HasSubstr("big-endian"));
  EXPECT_THAT(refused("GGUF"), HasSubstr("truncated"));
  EXPECT_THAT(refused(head(3, 0, 1) + bytes_of<std::uint64_t>({~0ULL})),
              HasSubstr("a name of 18446744073709551615"));
  EXPECT_THAT(refused(head(3, 0, 1) + list_fact("l", kInt32, ~0ULL / 4 + 2, "1234")), HasSubstr("truncated"));
  EXPECT_THAT(refused(head(3, 0, 1) + list_fact("l", kText, ~0ULL, "")), HasSubstr("truncated"));
  EXPECT_THAT(refused(head(3, 0, 1) + list_fact("l", 99, 1, "")), HasSubstr("unknown type 99"));
  EXPECT_THAT(refused(head(3, 0, 1) + gguf_text("n") + bytes_of<std::uint32_t>({13, 0})),
              HasSubstr("unknown type 13"));
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += bytes_of<std::uint32_t>({kList}) + bytes_of<std::uint64_t>({1});
  EXPECT_THAT(refused(head(3, 0, 1) + list_fact("l", kList, 1, deep)),
              HasSubstr("is a list of the unknown type"));
}

TEST_F(Gguf, AnAlignmentIsAPowerOfTwo) {
  const auto entry = gguf_entry("a", {1}, kF32, 0);
  for (const std::uint32_t wrong : {0U, 3U, 1U << 31})
    EXPECT_THAT(refused({number_fact("general.alignment", wrong)}, {entry}), HasSubstr("power of two"));
}

}  // namespace
}  // namespace latentdial::detail
