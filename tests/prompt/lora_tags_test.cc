#include "prompt/lora_tags.h"

#include <gmock/gmock.h>

#include "latentdial/error.h"

namespace latentdial::detail {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(LoraTags, AreTakenOutOfThePrompt) {
  const TaggedPrompt prompt = take_lora_tags("a <lora:ink:0.8>dog, <lyco: wash : -1 > (red:1.2) <lora:sky>");
  EXPECT_EQ(prompt.text, "a dog,  (red:1.2) ");
  EXPECT_THAT(prompt.loras, ElementsAre(LoraTag{"ink", 0.8}, LoraTag{"wash", -1}, LoraTag{"sky", 1}));
}

TEST(LoraTags, OtherTextStaysAsItIs) {
  for (const std::string text : {"", "a < b > c", "a <loras:x:1> dog", "<3 lora:x:1>"}) {
    const TaggedPrompt prompt = take_lora_tags(text);
    EXPECT_EQ(prompt.text, text);
    EXPECT_THAT(prompt.loras, IsEmpty());
  }
}

TEST(LoraTags, WhatCannotBeReadIsRefused) {
  const auto refused = [](const std::string& prompt, const char* why) {
    EXPECT_THAT([&] { (void)take_lora_tags(prompt); }, ::testing::ThrowsMessage<Error>(HasSubstr(why)))
        << prompt;
  };
  refused("a <lora:ink:0.8", "is not closed");
  refused("<lora:>", "names no LoRA");
  refused("<lora: :1>", "names no LoRA");
  refused("<lora:ink:much>", "'much' is not one scale from -100 to 100");
  refused("<lora:ink:101>", "'101' is not one scale");
  refused("<lora:ink:nan>", "'nan' is not one scale");
  refused("<lora:ink:0.5:0.8>", "'0.5:0.8' is not one scale");
  refused("<hypernet:ink:1>", "not supported");
  std::string many;
  for (int i = 0; i < 17; ++i) many += "<lora:a>";
  refused(many, "more than 16 LoRAs");
}

}  // namespace
}  // namespace latentdial::detail
