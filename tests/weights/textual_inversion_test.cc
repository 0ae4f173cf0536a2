// Embeddings of textual inversion: what is read, and what is refused. The .pt form is compared in
// tests/parity.

#include "weights/textual_inversion.h"

#include <gmock/gmock.h>

#include <limits>

#include "weights/test_files.h"

namespace latentdial::detail {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace latentdial::testing;

class TextualInversion : public ::testing::Test {
 protected:
  std::filesystem::path write(const std::map<std::string, RawTensor>& tensors) const {
    return write_file(dir_ / "toy.safetensors", safetensors(tensors));
  }
  std::string fault(const std::map<std::string, RawTensor>& tensors, std::int64_t width = 2) const {
    return refusal([&] { (void)read_textual_inversion(write(tensors), {{"", width}}); });
  }
  TempDir dir_;
};

TEST_F(TextualInversion, IsAWordAndItsVectors) {
  const auto read = read_textual_inversion(
      write({{"emb_params", f32_tensor({2, 2}, {1, 2, 3, 4})}, {"other", f32_tensor({1}, {5})}}), {{"", 2}});
  EXPECT_EQ(read.word, "toy");
  EXPECT_EQ(read.vectors.shape(), (Shape{2, 2}));
  EXPECT_THAT(read.vectors.values(), ElementsAre(1, 2, 3, 4));
}

TEST_F(TextualInversion, OneVectorMayBeFlat) {
  EXPECT_EQ(read_textual_inversion(write({{"<toy>", f32_tensor({2}, {1, 2})}}), {{"", 2}}).vectors.shape(),
            (Shape{1, 2}));
}

TEST_F(TextualInversion, OfStableDiffusionXLIsForBothTextEncoders) {
  const std::vector<WordsEncoder> encoders = {{"clip_l", 2}, {"clip_g", 1}};
  const auto first = f32_tensor({2, 2}, {1, 2, 3, 4}), second = f32_tensor({2, 1}, {5, 6});
  const auto read = read_textual_inversion(write({{"clip_l", first}, {"clip_g", second}}), encoders);
  EXPECT_THAT(read.vectors.values(), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(read.vectors_2.values(), ElementsAre(5, 6));
  const auto refiners =
      read_textual_inversion(write({{"clip_l", first}, {"clip_g", second}}), {{"clip_g", 1}});
  EXPECT_THAT(refiners.vectors.values(), ElementsAre(5, 6));
  const auto fault_of = [&](const std::map<std::string, RawTensor>& tensors) {
    return refusal([&] { (void)read_textual_inversion(write(tensors), encoders); });
  };
  EXPECT_THAT(fault_of({{"clip_l", first}}), HasSubstr("has no clip_g"));
  EXPECT_THAT(fault_of({{"emb_params", first}}), HasSubstr("it is for version 1 or 2"));
  EXPECT_THAT(fault_of({{"clip_l", first}, {"clip_g", f32_tensor({1, 1}, {5})}}),
              HasSubstr("2 vectors for one text encoder and 1 for the other"));
}

TEST_F(TextualInversion, NamesTheFileAndWhatIsWrong) {
  EXPECT_THAT(
      fault({{"emb_params", f32_tensor({1, 3}, {1, 2, 3})}}),
      AllOf(HasSubstr("toy.safetensors"), HasSubstr("'emb_params' has shape [1, 3]"), HasSubstr("[N, 2]")));
  EXPECT_THAT(fault({{"a", f32_tensor({2}, {1, 2})}, {"b", f32_tensor({2}, {1, 2})}}),
              HasSubstr("holds 2 tensors"));
  EXPECT_THAT(fault({}), HasSubstr("holds no tensors"));
  EXPECT_THAT(fault({{"clip_g", f32_tensor({2}, {1, 2})}, {"clip_l", f32_tensor({2}, {1, 2})}}),
              HasSubstr("XL"));
  EXPECT_THAT(fault({{"emb_params", f32_tensor({0, 2}, {})}}), HasSubstr("[0, 2]"));
  EXPECT_THAT(fault({{"emb_params", f32_tensor({2}, {1, std::numeric_limits<float>::infinity()})}}),
              HasSubstr("inf"));
}

}  // namespace
}  // namespace latentdial::detail
