// The tokenizer gives the ids of transformers' CLIPTokenizer, whatever the text.

#include "prompt/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "latentdial/error.h"

namespace latentdial::detail {
namespace {

namespace fs = std::filesystem;

const fs::path kGolden = fs::path(LATENTDIAL_GOLDEN_DIR) / "prompt";

const Tokenizer& tokenizer() {
  static const Tokenizer loaded = Tokenizer::from_folder(kGolden / "tokenizer");
  return loaded;
}

std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

TEST(Tokenizer, EqualsTransformersOnEveryKindOfText) {
  const auto cases = nlohmann::json::parse(std::ifstream(kGolden / "ids.json"));
  ASSERT_GE(cases.size(), 400u);
  for (const auto& one : cases) {
    const auto text = from_hex(one.at("hex"));
    ASSERT_EQ(tokenizer().encode(text, 77).ids, one.at("ids").get<std::vector<std::int32_t>>()) << text;
  }
}

TEST(Tokenizer, FillsTheWindowOfTheModel) {
  EXPECT_EQ(tokenizer().max_length(), 32);
  const Encoding encoding = tokenizer().encode("a dog");
  EXPECT_EQ(encoding.ids.size(), 32u);
  EXPECT_EQ(encoding.prompt_tokens, 2);
  EXPECT_EQ(encoding.ids.front(), tokenizer().vocab_size() - 2);
  EXPECT_EQ(encoding.ids[3], tokenizer().vocab_size() - 1);
}

TEST(Tokenizer, TellsWhichWordsDidNotFit) {
  std::string text;
  for (int i = 0; i < 30; ++i) text += "dog ";
  EXPECT_EQ(tokenizer().encode(text).dropped_text, "");
  const Encoding encoding = tokenizer().encode(text + "in the jungle");
  EXPECT_EQ(encoding.prompt_tokens, 30);
  EXPECT_THAT(encoding.dropped_text, testing::HasSubstr("in the jungle"));
}

TEST(Tokenizer, BrokenBytesCountAsTheReplacementCharacter) {
  EXPECT_EQ(tokenizer().encode("dog \xff").ids, tokenizer().encode("dog \xef\xbf\xbd").ids);
}

TEST(Tokenizer, RefusesAWindowWithoutRoomForStartAndEnd) {
  EXPECT_EQ(tokenizer().encode("a dog", 2).prompt_tokens, 0);
  EXPECT_EQ(tokenizer().encode("a dog", 2).ids.size(), 2u);
  EXPECT_THROW((void)tokenizer().encode("a dog", 1), Error);
  EXPECT_THROW((void)tokenizer().encode("a dog", -1), Error);
}

/// What `load` complains of, a single line; empty when it does not.
template <class Load>
std::string fault_of(const Load& load) {
  try {
    (void)load();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_input);
    EXPECT_THAT(error.what(), testing::Not(testing::HasSubstr("\n")));
    return error.what();
  }
  return "";
}

class DamagedFolder : public testing::Test {
 protected:
  void SetUp() override { fs::copy(kGolden / "tokenizer", folder_); }
  void TearDown() override { fs::remove_all(folder_); }

  void write(const char* name, const std::string& text) const { std::ofstream(folder_ / name) << text; }

  std::string fault() const {
    return fault_of([this] { return Tokenizer::from_folder(folder_); });
  }

  fs::path folder_ = fs::temp_directory_path() / ("latentdial_tokenizer_" + std::to_string(getpid()));
};

TEST_F(DamagedFolder, NamesTheFile) {
  EXPECT_EQ(fault(), "");
  write("merges.txt", "#version: 0.2\nonly-one-part\n");
  EXPECT_THAT(fault(), testing::HasSubstr("merges.txt"));
  write("merges.txt", "#version: 0.2\nxyzzy plugh\n");
  EXPECT_THAT(fault(), testing::HasSubstr("merges.txt"));
  write("vocab.json", "{\"a\": ");
  EXPECT_THAT(fault(), testing::HasSubstr("vocab.json"));
  write("vocab.json", "[]");
  EXPECT_THAT(fault(), testing::HasSubstr("vocab.json"));
  write("vocab.json", "{\"a\": \"one\"}");
  EXPECT_THAT(fault(), testing::HasSubstr("vocab.json"));
  fs::remove(folder_ / "vocab.json");
  EXPECT_THAT(fault(), testing::HasSubstr("vocab.json"));
}

TEST_F(DamagedFolder, ATruncatedVocabularyIsOneLine) {
  const auto path = folder_ / "vocab.json";
  const auto size = fs::file_size(path);
  for (std::uintmax_t cut = 0; cut < size; cut += size / 50) {
    fs::resize_file(path, cut);
    EXPECT_NE(fault(), "") << cut;
    fs::copy_file(kGolden / "tokenizer" / "vocab.json", path, fs::copy_options::overwrite_existing);
  }
}

TEST_F(DamagedFolder, ASettingOfTheWrongKindIsNamed) {
  write("tokenizer_config.json", R"({"model_max_length": "long"})");
  EXPECT_THAT(fault(), testing::HasSubstr("model_max_length"));
  write("tokenizer_config.json", R"({"model_max_length": 1})");
  EXPECT_THAT(fault(), testing::HasSubstr("model_max_length"));
}

TEST_F(DamagedFolder, ANumberBeyondADoubleIsNamed) {
  write("tokenizer_config.json", R"({"model_max_length": 1e999})");
  EXPECT_THAT(fault(), testing::HasSubstr("tokenizer_config.json"));
}

TEST_F(DamagedFolder, ALineFeedInATokenStaysInTheLine) {
  write("vocab.json", R"({"a\nb": -1})");
  EXPECT_THAT(fault(), testing::HasSubstr(R"("a\nb")"));
  write("tokenizer.json", R"({"model": {"vocab": {"a": 0}, "merges": [["x\n", "y"]]}})");
  EXPECT_THAT(fault(), testing::HasSubstr(R"("x\n")"));
  write("tokenizer.json", R"({"model": {"vocab": {"a": 0}, "merges": ["q q q\n q"]}})");
  EXPECT_THAT(fault(), testing::HasSubstr(R"("q q q\n q")"));
}

TEST_F(DamagedFolder, AnAddedTokenOfTheWrongKindIsNamed) {
  for (const char* decoder : {R"({"5": 7})", R"({"five": {"content": "x"}})", R"({"5": {"content": 1}})"}) {
    write("tokenizer_config.json", std::string(R"({"added_tokens_decoder": )") + decoder + "}");
    EXPECT_THAT(fault(), testing::HasSubstr("added_tokens_decoder")) << decoder;
  }
}

TEST_F(DamagedFolder, AnyFewWrongBytesAreReadOrOneLine) {
  std::mt19937 random(1);
  int refused = 0;
  for (const char* name : {"vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json"}) {
    std::ifstream file(kGolden / "tokenizer" / name, std::ios::binary);
    const std::string whole{std::istreambuf_iterator<char>(file), {}};
    for (int round = 0; round < 100; ++round) {
      std::string damaged = whole;
      for (auto count = 1 + random() % 3; count > 0; --count) {
        damaged[random() % damaged.size()] = static_cast<char>(random());
      }
      write(name, damaged);
      refused +=
          fault_of([this] { return Tokenizer::from_folder(folder_).encode("a dog, temple \xff!"); }) != "";
    }
    write(name, whole);
  }
  EXPECT_GT(refused, 100);
  EXPECT_EQ(fault(), "");
}

TEST_F(DamagedFolder, AMergeListThatIsNotClipsIsNamed) {
  const fs::path list = folder_ / "bpe_simple_vocab_16e6.txt.gz";
  const auto fault_of_list = [&] { return fault_of([&] { return Tokenizer::standard_clip(list); }); };
  EXPECT_THAT(fault_of_list(), testing::HasSubstr("cannot be opened"));
  write("bpe_simple_vocab_16e6.txt.gz", "#version: 0.2\na b\n");
  EXPECT_THAT(fault_of_list(), testing::HasSubstr("1 merges"));
  write("bpe_simple_vocab_16e6.txt.gz", "\x1f\x8b\x08");
  EXPECT_THAT(fault_of_list(), testing::HasSubstr("bpe_simple_vocab_16e6.txt.gz"));
}

}  // namespace
}  // namespace latentdial::detail
