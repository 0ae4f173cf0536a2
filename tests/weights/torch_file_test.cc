#include "weights/torch_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weights/checkpoint_file.h"
#include "weights/pickle.h"
#include "weights/test_files.h"
#include "weights/weights.h"
#include "weights/widen.h"

namespace latentdial::detail {
namespace {

using ::testing::ElementsAre;
using testing::golden;
using ::testing::HasSubstr;
using testing::read_file;
using testing::refusal;
using testing::TempDir;
using testing::write_file;

Weights open(const std::filesystem::path& path) {
  std::map<std::string, Tensor> opened;
  for (const auto& [name, tensor] : read_checkpoint_file(path).tensors) {
    if (tensor.dtype) opened[name] = open_tensor(path.string(), name, tensor);
  }
  return {"unet", path.string(), opened};
}

std::string refused(const char* name) {
  return refusal([&] { (void)open(golden(name)); });
}

// make.py's ramp: −1, −0.75, −0.5, … in row-major order.
std::vector<float> ramp(std::initializer_list<int> places) {
  std::vector<float> values;
  for (const int place : places) values.push_back(static_cast<float>(place) / 4 - 1);
  return values;
}

// What torch.save wrote: nested beside trainer state, under pickle protocol 4, as a bare dictionary.
class TorchSaved : public ::testing::TestWithParam<const char*> {};

TEST_P(TorchSaved, GivesItsTensors) {
  const auto weights = open(golden(GetParam()));
  EXPECT_THAT(weights.load("f32", {2, 3}).values(), ::testing::ElementsAreArray(ramp({0, 1, 2, 3, 4, 5})));
  EXPECT_THAT(weights.load("f16", {5}).values(), ::testing::ElementsAreArray(ramp({0, 1, 2, 3, 4})));
  EXPECT_THAT(weights.load("bf16", {2, 2}).values(), ::testing::ElementsAreArray(ramp({0, 1, 2, 3})));
  EXPECT_THAT(weights.load("parameter", {3}).values(), ::testing::ElementsAreArray(ramp({0, 1, 2})));
  EXPECT_THAT(weights.load("scalar", {}).values(), ElementsAre(2.5F));
  EXPECT_EQ(weights.load("empty", {0, 3}).count(), 0);
  EXPECT_EQ(weights.shape("i64"), Shape{3});
}

TEST_P(TorchSaved, GivesViewsOfOneStorageEachItsPart) {
  const auto weights = open(golden(GetParam()));
  EXPECT_THAT(weights.load("rows", {2, 6}).values(),
              ::testing::ElementsAreArray(ramp({6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17})));
  const auto transposed = weights.load("transposed", {6, 4});
  EXPECT_THAT(transposed.slice(0, 2).values(),
              ::testing::ElementsAreArray(ramp({0, 6, 12, 18, 1, 7, 13, 19})));
}

TEST_P(TorchSaved, SaysWhenATensorIsOfATypeItCannotUse) {
  const auto file = read_checkpoint_file(golden(GetParam()));
  EXPECT_EQ(file.format, FileFormat::torch);
  EXPECT_THAT(as_f32(open_tensor("f", "f64", file.tensors.at("f64"))).values(), ElementsAre(1, 1));
}

// Python's, numpy's and PyTorch's containers beside the weights, and around them.
class TorchContainers : public ::testing::TestWithParam<const char*> {};

TEST_P(TorchContainers, AreReadAndRunNothing) {
  const auto path = golden(GetParam());
  const auto file = read_checkpoint_file(path);
  const auto weights = open(path);
  EXPECT_THAT(weights.load("f64", {3}).values(), ElementsAre(0, 0.25, 0.5));
  EXPECT_THAT(weights.load("subclass", {2}).values(), ElementsAre(-1, -0.75));
  for (const auto& [key, value] : std::map<std::string, std::string>{
           {"global_step", "875000"}, {"epoch", "-3"}, {"level", "200"}, {"author", "somebody"}})
    EXPECT_EQ(file.metadata.at(key), value) << key;
  for (const auto& [key, type] : std::map<std::string, std::string>{{"complex", "torch.ComplexFloatStorage"},
                                                                    {"bools", "torch.BoolStorage"}}) {
    EXPECT_THAT(refusal([&, name = key] { (void)open_tensor("f", name, file.tensors.at(name)); }),
                HasSubstr("is of type '" + type + "'"));
  }
}

INSTANTIATE_TEST_SUITE_P(Files, TorchContainers, ::testing::Values("containers2.ckpt", "containers4.ckpt"));

TEST(TorchFile, HoldsParametersInAModule) {
  EXPECT_THAT(open(golden("parameter_dict.pt")).load("*", {2, 4}).values(),
              ::testing::ElementsAreArray(ramp({0, 1, 2, 3, 4, 5, 6, 7})));
}

INSTANTIATE_TEST_SUITE_P(Files, TorchSaved, ::testing::Values("benign.ckpt", "protocol4.ckpt", "plain.bin"));

TEST(TorchFile, MayBeOfTheFormBeforeZips) {
  const auto file = read_checkpoint_file(golden("old.ckpt"));
  EXPECT_EQ(file.format, FileFormat::torch);
  EXPECT_THAT(open(golden("old.ckpt")).load("w", {2}).values(), ElementsAre(-1, -0.75));
}

TEST(TorchFile, OfTheFormBeforeZipsMustNotLie) {
  const TempDir dir;
  const std::string whole = read_file(golden("old.ckpt"));
  const auto refused_as = [&](const std::string& bytes) {
    return refusal([&] { (void)open(write_file(dir / "old.pt", bytes)); });
  };
  // At the end: the number of elements, 8 bytes, and two floats.
  const std::string before = whole.substr(0, whole.size() - 16), floats = whole.substr(whole.size() - 8);
  const auto count = [](std::int64_t n) { return testing::bytes_of<std::int64_t>({n}); };
  EXPECT_THAT(refused_as(whole.substr(0, whole.size() - 1)), HasSubstr("needs 8 bytes, but 7 are left"));
  EXPECT_THAT(refused_as(before + count(-1) + floats), HasSubstr("claims -1 elements"));
  EXPECT_THAT(refused_as(before + count(1LL << 62) + floats),
              HasSubstr("claims 4611686018427387904 elements"));
  EXPECT_THAT(refused_as(before + count(1) + floats), HasSubstr("needs 2 elements of FloatStorage"));
  EXPECT_THAT(refused_as(before.substr(0, 40)), HasSubstr("ends early"));
}

TEST(TorchFile, MayBeCompressed) {
  EXPECT_THAT(open(golden("compressed.ckpt")).load("weight", {2, 3}).values(), ElementsAre(2, 3, 4, 5, 6, 7));
}

TEST(TorchFile, RunsNothing) {
  EXPECT_THAT(refused("runs_system.ckpt"), HasSubstr("runs_system.ckpt: would run 'posix.system': refused"));
  EXPECT_THAT(refused("runs_eval.ckpt"), HasSubstr("would run '__builtin__.eval': refused"));
  EXPECT_FALSE(std::filesystem::exists("/tmp/should-never-exist"));
}

TEST(TorchFile, MustNotLieAboutItsStorages) {
  EXPECT_THAT(refused("storage_missing.ckpt"),
              HasSubstr("'weight' needs the zip entry 'archive/data/1', which is missing"));
  EXPECT_THAT(refused("storage_short.ckpt"), HasSubstr("needs 9 elements of FloatStorage"));
  EXPECT_THAT(refused("offset_past_end.ckpt"),
              HasSubstr("reaches past the end of its storage of 8 elements"));
  EXPECT_THAT(refused("stride_past_end.ckpt"), HasSubstr("reaches past the end"));
  EXPECT_THAT(refused("stride_zero.ckpt"), HasSubstr("reaches past the end"));
  EXPECT_THAT(refused("negative_offset.ckpt"), HasSubstr("lacks a whole number"));
  EXPECT_THAT(refused("overflow.ckpt"), HasSubstr("impossible shape"));
  EXPECT_THAT(refused("unknown_storage.ckpt"), HasSubstr("unknown type 'torch.SomebodysStorage'"));
}

TEST(TorchFile, MustNotUnpackToMoreThanWeightsDo) {
  EXPECT_THAT(refused("bomb.ckpt"), HasSubstr("more than four times its size"));
}

TEST(TorchFile, NamesATensorThatStandsTwice) {
  EXPECT_THAT(refused("twice.ckpt"), HasSubstr("tensor name 'weight' stands twice"));
}

TEST(TorchFile, SaysWhatAnotherFileIs) {
  EXPECT_THAT(refused("no_pickle.ckpt"), HasSubstr("a zip file without data.pkl"));
  EXPECT_THAT(refused("not_a_dict.ckpt"), HasSubstr("holds no dictionary of tensors"));
}

TEST(TorchFile, SurvivesPicklesThatNobodyWrites) {
  EXPECT_THAT(refused("recursive.ckpt"), HasSubstr("holds no dictionary"));
  EXPECT_THAT(refused("unknown_opcode.ckpt"),
              HasSubstr("opcode 0x69, which torch.save does not write (at byte 4)"));
  EXPECT_THAT(refused("empty_stack.ckpt"), HasSubstr("its data.pkl lacks a mark"));
}

TEST(TorchFile, IsRefusedCutAnywhere) {
  const TempDir dir;
  const auto whole = read_file(golden("benign.ckpt"));
  for (std::size_t length = 4; length < whole.size(); length += 37) {
    const auto path = write_file(dir / "cut.ckpt", whole.substr(0, length));
    EXPECT_THAT(refusal([&] { (void)open(path); }), HasSubstr("truncated or damaged zip file")) << length;
  }
}

Pickle run(std::string_view bytes) {
  return read_pickle("f", bytes);
}

TEST(PickleReader, RefusesEveryWayOfCalling) {
  const auto wants = [](std::string_view bytes, const char* message) {
    EXPECT_THAT(refusal([&] { (void)run(bytes); }), HasSubstr(message));
  };
  using namespace std::string_view_literals;
  wants(
      "\x80\x02"
      "cos\nsystem\n(X\x01\0\0\0xtR."sv,
      "would run 'os.system'");
  wants(
      "\x80\x02"
      "csubprocess\nPopen\n)\x81."sv,
      "would run 'subprocess.Popen'");
  wants("\x80\x04\x8c\x02os\x8c\x06system\x93)R."sv, "would run 'os.system'");
  wants("\x80\x04\x8c\x02os\x8c\x06system\x93)}\x92."sv, "would run 'os.system'");
  wants(
      "\x80\x02"
      "ccopyreg\n_reconstructor\n(cos\nsystem\nNNtR."sv,
      "would run 'os.system'");
  wants(
      "\x80\x02"
      "cnumpy.core.multiarray\nscalar\n)R)R."sv,
      "would run a value that is not a function");
  wants(
      "\x80\x02"
      "(cos\nsystem\no."sv,
      "opcode 0x6f");
}

TEST(PickleReader, KeepsUncalledAndHarmlessNamesInert) {
  const auto mentioned =
      run("\x80\x02"
          "cos\nsystem\n.");
  EXPECT_EQ(mentioned[mentioned.root].kind, PickleKind::global);
  const auto trainer =
      run("\x80\x02"
          "cpytorch_lightning.callbacks\nCheckpoint\n)\x81}b.");
  EXPECT_EQ(trainer[trainer.root].kind, PickleKind::inert);
}

TEST(PickleReader, ReadsDictionariesHoweverTheyAreMade) {
  using namespace std::string_view_literals;
  for (const auto bytes : {"\x80\x02}X\x01\0\0\0aK\x07s."sv,
                           "\x80\x02"
                           "ccollections\nOrderedDict\n]X\x01\0\0\0aK\x07\x86"
                           "a\x85R."sv,
                           "\x80\x02"
                           "ccollections\nOrderedDict\n)RX\x01\0\0\0aK\x07s."sv,
                           "\x80\x02"
                           "ccollections\ndefaultdict\nc__builtin__\nlist\n\x85RX\x01\0\0\0aK\x07s."sv,
                           "\x80\x02"
                           "ccollections\nCounter\n}X\x01\0\0\0aK\x07s\x85R."sv,
                           "\x80\x02"
                           "cbuiltins\ndict\n}X\x01\0\0\0aK\x07s\x85R."sv}) {
    const auto pickle = run(bytes);
    const auto& dict = pickle[pickle.root];
    ASSERT_EQ(dict.kind, PickleKind::dict);
    ASSERT_EQ(dict.items.size(), 2U);
    EXPECT_EQ(pickle[dict.items[0]].text, "a");
    EXPECT_EQ(pickle[dict.items[1]].integer, 7);
  }
}

TEST(PickleReader, RefusesUnknownClassesWhereverTheyHide) {
  using namespace std::string_view_literals;
  for (const auto bytes : {"\x80\x02"
                           "ctransformers.training_args\nTrainingArguments\n)\x81."sv,
                           "\x80\x02"
                           "ctorch._tensor\n_rebuild_from_type_v2\n(cos\nsystem\nctorch\nTensor\n)NtR."sv,
                           "\x80\x02"
                           "ctorch.nn.modules_\nParameterDict\n)\x81."sv,
                           "\x80\x02"
                           "cbuiltins\ngetattr\n(NNtR."sv}) {
    EXPECT_THAT(refusal([&] { (void)run(bytes); }), HasSubstr("would run"));
  }
}

TEST(PickleReader, ReadsIntegersOfEveryWidth) {
  using namespace std::string_view_literals;
  const auto value = [](std::string_view bytes) {
    const auto pickle = run(bytes);
    return pickle[pickle.root].integer;
  };
  EXPECT_EQ(value("K\xff."sv), 255);
  EXPECT_EQ(value("M\xff\xff."sv), 65535);
  EXPECT_EQ(value("J\xff\xff\xff\xff."sv), -1);
  EXPECT_EQ(value("\x8a\x00."sv), 0);
  EXPECT_EQ(value("\x8a\x01\xff."sv), -1);
  EXPECT_EQ(value("\x8a\x05\x00\x00\x00\x00\x01."sv), std::int64_t{1} << 32);
  EXPECT_EQ(value("\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f."sv), INT64_MAX);
}

TEST(PickleReader, BoundsItsWork) {
  using namespace std::string_view_literals;
  EXPECT_THAT(refusal([] { (void)run("X\xff\xff\xff\x7fx."sv); }), HasSubstr("ends early"));
  EXPECT_THAT(refusal([] { (void)run(std::string(3'000'000, '}')); }), HasSubstr("absurdly"));
  EXPECT_THAT(refusal([] { (void)run(std::string(3'000'000, '(')); }), HasSubstr("absurdly deep stack"));
  std::string doubling = "]q";
  doubling += '\0';
  for (int i = 0; i < 11'000'000; ++i) doubling += "20";  // dup, pop
  EXPECT_THAT(refusal([&] { (void)run(doubling); }), HasSubstr("absurdly long"));
}

}  // namespace
}  // namespace latentdial::detail
