#include "weights/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weights/test_files.h"

namespace latentdial::detail {
namespace {

using testing::bytes_of;
using testing::f32_tensor;
using ::testing::HasSubstr;
using testing::refusal;
using testing::safetensors;
using testing::TempDir;
using testing::write_file;

class SafetensorsFile : public ::testing::Test {
 protected:
  Safetensors read(const std::string& bytes) {
    return read_safetensors(MappedFile::open(write_file(dir_ / "x.safetensors", bytes)));
  }
  std::string refused(const std::string& bytes) {
    const auto message = refusal([&] { (void)read(bytes); });
    EXPECT_THAT(message, HasSubstr("x.safetensors: "));
    return message;
  }
  // A header with one honest tensor "a" of 8 bytes and whatever follows.
  std::string refused_header(const std::string& header, const std::string& data = std::string(8, '\1')) {
    return refused(safetensors(header, data));
  }

  TempDir dir_;
};

TEST_F(SafetensorsFile, GivesTensorsByNameAsViewsOfTheFile) {
  const auto file =
      read(safetensors({{"a", f32_tensor({2, 2}, {1, 2, 3, 4})}, {"b", f32_tensor({1}, {5})}}, 3));
  ASSERT_EQ(file.tensors.size(), 2U);
  const auto& a = file.tensors.at("a");
  EXPECT_EQ(a.shape, (Shape{2, 2}));
  EXPECT_EQ(a.dtype, DType::f32);
  float last = 0;
  std::memcpy(&last, a.map().raw() + 12, 4);
  EXPECT_EQ(last, 4.0F);
}

TEST_F(SafetensorsFile, GivesItsMetadata) {
  const auto file = read(safetensors(
      R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F16","shape":[],"data_offsets":[0,2]}})", "\1\2"));
  EXPECT_EQ(file.metadata.at("format"), "pt");
  EXPECT_EQ(file.tensors.at("a").shape, Shape{});
}

TEST_F(SafetensorsFile, TakesEmptyTensorsAndTypesThatNobodyAsksFor) {
  const auto file = read(safetensors({{"a", {"U8", {1}, "1"}}, {"b", {"F32", {0, 3}, ""}}}));
  EXPECT_EQ(file.tensors.at("b").map().count(), 0);
  EXPECT_THAT(refusal([&] { (void)open_tensor("f", "a", file.tensors.at("a")); }),
              HasSubstr("f: tensor 'a' is of type 'U8'; one of F32, F16, BF16, F8_E4M3"));
}

TEST_F(SafetensorsFile, NeedsAHeaderLengthInsideTheFile) {
  EXPECT_THAT(refused(bytes_of<std::uint64_t>({1u << 20}) + "{}"),
              HasSubstr("header length 1048576 runs past the end"));
  EXPECT_THAT(refused(bytes_of<std::uint64_t>({~0ull}) + "{}"), HasSubstr("runs past the end"));
  EXPECT_THAT(refused("tiny"), HasSubstr("too few"));
}

TEST_F(SafetensorsFile, NeedsAHeaderBelowTheFormatsLimit) {
  const auto path = write_file(dir_ / "x.safetensors", bytes_of<std::uint64_t>({100'000'001}) + "{}");
  std::filesystem::resize_file(path, 200'000'000);
  EXPECT_THAT(refusal([&] { (void)read_safetensors(MappedFile::open(path)); }),
              HasSubstr("limit of 100000000"));
}

TEST_F(SafetensorsFile, NeedsValidJson) {
  EXPECT_THAT(refused_header("not json"), HasSubstr("not valid JSON at byte"));
  EXPECT_THAT(refused_header(R"({"a":)"), HasSubstr("not valid JSON"));
  EXPECT_THAT(refused_header("{\"\xff\":{}}"), HasSubstr("not valid JSON"));
  EXPECT_THAT(refused_header(std::string(1 << 20, '[')),
              HasSubstr("'an array' where the format has a JSON object"));
  EXPECT_THAT(refused_header(R"({"a":{"dtype":"F32","shape":[1e999],"data_offsets":[0,8]}})"),
              HasSubstr("header"));
}

TEST_F(SafetensorsFile, NeedsTheThreeFieldsOfEachTensor) {
  EXPECT_THAT(refused_header("[]"), HasSubstr("where the format has a JSON object"));
  EXPECT_THAT(refused_header(R"({"a":1})"),
              HasSubstr("tensor 'a' has '1' where the format has an object per tensor"));
  EXPECT_THAT(refused_header(R"({"a":{"dtype":"F32","shape":[2]}})"), HasSubstr("tensor 'a' lacks one of"));
  EXPECT_THAT(refused_header(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}})"),
              HasSubstr("two byte offsets"));
  EXPECT_THAT(refused_header(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,9]}})"),
              HasSubstr("more than 2"));
  EXPECT_THAT(refused_header(R"({"a":{"dtype":"F32","shape":"2","data_offsets":[0,8]}})"), HasSubstr("'2'"));
  EXPECT_THAT(refused_header(R"({"a":{"dtype":32,"shape":[2],"data_offsets":[0,8]}})"), HasSubstr("'32'"));
  EXPECT_THAT(refused_header(R"({"a":{"more":32,"shape":[2],"data_offsets":[0,8]}})"), HasSubstr("'more'"));
  EXPECT_THAT(refused_header(R"({"__metadata__":{"a":1}})"), HasSubstr("strings in __metadata__"));
}

TEST_F(SafetensorsFile, NamesWhatStandsTwice) {
  const std::string a = R"("a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]})";
  const std::string again = R"("a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]})";
  EXPECT_THAT(refused_header("{" + a + "," + again + "}"), HasSubstr("tensor name 'a' stands twice"));
  EXPECT_THAT(refused_header(R"({"a":{"dtype":"F32","dtype":"F16","shape":[2],"data_offsets":[0,8]}})"),
              HasSubstr("tensor 'a' gives 'dtype' twice"));
}

TEST_F(SafetensorsFile, NeedsOffsetsInsideTheData) {
  EXPECT_THAT(refused_header(R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}})"),
              HasSubstr("tensor 'a' claims bytes [0, 16) of 8 bytes of data"));
  EXPECT_THAT(refused_header(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})"),
              HasSubstr("[8, 0)"));
  EXPECT_THAT(refused_header(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}})"),
              HasSubstr("'-8'"));
  EXPECT_THAT(refused_header(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[18446744073709551608,0]}})"),
              HasSubstr("whole numbers from 0"));
}

TEST_F(SafetensorsFile, NeedsTheDataCoveredWithoutOverlapOrGap) {
  const auto two = [](int b0, int e0, int b1, int e1) {
    return fmt::format(R"({{"a":{{"dtype":"F32","shape":[{}],"data_offsets":[{},{}]}},)", (e0 - b0) / 4, b0,
                       e0) +
           fmt::format(R"("b":{{"dtype":"F32","shape":[{}],"data_offsets":[{},{}]}}}})", (e1 - b1) / 4, b1,
                       e1);
  };
  EXPECT_THAT(refused_header(two(0, 8, 4, 8)), HasSubstr("tensors 'a' and 'b' overlap: [0, 8) and [4, 8)"));
  EXPECT_THAT(refused_header(two(0, 4, 8, 12), std::string(12, '\0')),
              HasSubstr("4 bytes before tensor 'b'"));
  EXPECT_THAT(refused_header(two(0, 4, 4, 8), std::string(9, '\0')),
              HasSubstr("1 bytes after the last tensor"));
  EXPECT_THAT(refused_header("{}"), HasSubstr("8 bytes after the last tensor"));
}

TEST_F(SafetensorsFile, NeedsBytesThatFitShapeAndType) {
  EXPECT_THAT(refused_header(R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})"),
              HasSubstr("tensor 'a' has 8 bytes where shape [3] of F32 needs 12"));
  EXPECT_THAT(refused_header(R"({"a":{"dtype":"F16","shape":[2],"data_offsets":[0,8]}})"),
              HasSubstr("of F16 needs 4"));
  EXPECT_THAT(refused_header(R"({"a":{"dtype":"F31","shape":[2],"data_offsets":[0,8]}})"),
              HasSubstr("unknown dtype 'F31'; F32, F16 or BF16 is needed"));
  EXPECT_THAT(refused_header(R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})"),
              HasSubstr("'-2'"));
  EXPECT_THAT(refused_header(R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}})"),
              HasSubstr("impossible shape [4294967296, 4294967296]"));
  EXPECT_THAT(refused_header(R"({"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,2],"data_offsets":[0,8]}})"),
              HasSubstr("more than 8 numbers in 'shape'"));
}

TEST_F(SafetensorsFile, ShowsHostileNamesOnOneShortLine) {
  const auto message = refused_header("{\"a\\n\\u001b[31m" + std::string(100000, 'x') + "\":1}");
  EXPECT_LT(message.size(), 400U);
}

}  // namespace
}  // namespace latentdial::detail
