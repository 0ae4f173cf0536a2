// The tokenizer gives the ids of transformers' CLIPTokenizer, whatever the text.

#include "prompt/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "latentdial/error.h"

namespace latentdial {
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

class DamagedFolder : public testing::Test {
 protected:
  void SetUp() override { fs::copy(kGolden / "tokenizer", folder_); }
  void TearDown() override { fs::remove_all(folder_); }

  void write(const char* name, const std::string& text) const { std::ofstream(folder_ / name) << text; }

  std::string fault() const {
    try {
      (void)Tokenizer::from_folder(folder_);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_input);
      EXPECT_THAT(error.what(), testing::Not(testing::HasSubstr("\n")));
      return error.what();
    }
    return "";
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

}  // namespace
}  // namespace latentdial
