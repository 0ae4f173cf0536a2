// Settings survive the text of a PNG and JSON, whatever they hold.

#include "latentdial/parameters.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <random>

#include "latentdial/error.h"
#include "latentdial/pipeline.h"
#include "latentdial/version.h"

namespace latentdial::detail {
namespace {

using testing::HasSubstr;

/// Text as people and mischief write it.
std::string random_text(std::mt19937& random) {
  static const std::vector<std::string> pieces = {
      "a dog",   ", ", ": ",     "\"", "\\", "\n",        "Steps: 20", "Negative prompt: ",
      "é",       "猫", "🐕",      " ",  "'",  "Size: 8x8", "{",         "[1]",
      "(x:1.3)", "\t", "Model:", ",",  ":",  "%",         "Seed: 7"};
  std::string text;
  const int count = std::uniform_int_distribution<int>(0, 6)(random);
  for (int i = 0; i < count; ++i)
    text += pieces[std::uniform_int_distribution<std::size_t>(0, pieces.size() - 1)(random)];
  return text;
}

/// Gives each setting some value of its kind.
struct Randomise {
  std::mt19937& random;
  template <class T>
  void operator()(const Option& option, std::optional<T>& value) const {
    value.reset();
    if (random() % 2 == 0) (*this)(option, value.emplace());
  }
  template <class T>
  void operator()(const Option& option, T& value) const {
    const std::string name = option.name;
    if (name == "sampler" || name == "scheduler" || name == "method") return;
    if constexpr (std::is_same_v<T, std::string>) {
      value = random_text(random);
    } else if constexpr (std::is_same_v<T, bool>) {
      value = random() % 2 == 0;
    } else if constexpr (std::is_floating_point_v<T>) {
      value = std::uniform_real_distribution<double>(option.min, option.max)(random);
    } else if constexpr (std::is_unsigned_v<T>) {
      value = std::uniform_int_distribution<T>()(random);
    } else {
      value = static_cast<T>(std::uniform_int_distribution<int>(1, 1000)(random));
    }
  }
};

Settings random_settings(unsigned seed) {
  std::mt19937 random(seed);
  Settings s;
  visit_settings(s, Randomise{random});
  const std::vector<std::string> samplers = {"",        "pndm",        "ddim",        "euler", "euler_a",
                                             "dpm++2m", "dpm++2m_sde", "dpm++3m_sde", "unipc", "dpm++2s_a"};
  s.sampler = samplers[random() % samplers.size()];
  s.scheduler = random() % 2 == 0 ? "karras" : "normal";
  s.method = random() % 2 == 0 ? "slerp-diff" : "lerp";
  s.prompt = "x" + s.prompt;
  s.width = 8 * s.width;
  s.height = 8 * s.height;
  // A text has one strength, and settings with both are refused.
  if (s.hires > 1)
    s.strength = Settings{}.strength;
  else
    s.hires_strength = Settings{}.hires_strength;
  return s;
}

ModelInfo model(const std::string& hash, const std::string& decoder = "") {
  ModelInfo info;
  info.name = "scenes";
  info.hash = hash;
  info.decoder = decoder;
  return info;
}

TEST(Parameters, EverySettingSurvivesTheTextOfAPng) {
  for (unsigned seed = 0; seed < 3000; ++seed) {
    const Settings s = random_settings(seed);
    const std::string text = to_parameters(s, model("0123456789", seed % 2 == 0 ? "" : "TAESD"));
    ASSERT_EQ(parse_parameters(text), s) << text;
    ASSERT_EQ(read_model_hash(text), "0123456789") << text;
  }
}

TEST(Parameters, EverySettingSurvivesJson) {
  for (unsigned seed = 0; seed < 1000; ++seed) {
    const Settings s = random_settings(seed);
    ASSERT_EQ(settings_from_json(to_json(s)), s) << to_json(s);
  }
}

TEST(Parameters, ReadAsA1111WritesThem) {
  Settings s;
  s.prompt = "a dog, best quality";
  s.negative_prompt = "a cat";
  s.sampler = "euler_a";
  s.scheduler = "karras";
  s.width = 512;
  s.height = 640;
  s.guidance_scale = 7.5;
  s.seed = 42;
  s.steps = 20;
  EXPECT_THAT(to_parameters(s, model("")),
              testing::StartsWith("a dog, best quality\nNegative prompt: a cat\nSteps: 20, Sampler: Euler a, "
                                  "Schedule type: Karras, CFG scale: 7.5, "
                                  "Seed: 42, "));
}

TEST(Parameters, ReadWhatA1111Wrote) {
  const Settings s = parse_parameters(
      "a castle\nby the lake\nNegative prompt: people\nSteps: 28, Sampler: DPM++ 2M Karras, CFG scale: 6, "
      "Seed: 123, Size: 640x448, "
      "Model hash: abcdef, Model: v1-4, Lora hashes: \"a: 1, b: 2\", Version: v1.6.0");
  EXPECT_EQ(s.prompt, "a castle\nby the lake");
  EXPECT_EQ(s.negative_prompt, "people");
  EXPECT_EQ(s.steps, 28);
  EXPECT_EQ(s.sampler, "dpm++2m");
  EXPECT_EQ(s.scheduler, "karras");
  EXPECT_EQ(s.guidance_scale, 6);
  EXPECT_EQ(s.seed, 123u);
  EXPECT_EQ(s.width, 640);
  EXPECT_EQ(s.height, 448);
}

/// What a text with these words for sampler and scheduler asks for.
std::pair<std::string, std::string> sampler_of(const std::string& words) {
  const Settings s = parse_parameters("a cat\nSteps: 20, " + words + ", CFG scale: 7, Seed: 1, Size: 64x64");
  return {s.sampler, s.scheduler};
}

// Before 1.9 in one word, later in two.
TEST(Parameters, ReadSamplersAndSchedulersAsEitherA1111WroteThem) {
  using Pair = std::pair<std::string, std::string>;
  EXPECT_EQ(sampler_of("Sampler: DPM++ 2M SDE Karras"), Pair("dpm++2m_sde", "karras"));
  EXPECT_EQ(sampler_of("Sampler: DPM++ 2M SDE, Schedule type: Karras"), Pair("dpm++2m_sde", "karras"));
  EXPECT_EQ(sampler_of("Sampler: DPM++ 3M SDE Exponential"), Pair("dpm++3m_sde", "exponential"));
  EXPECT_EQ(sampler_of("Sampler: DPM2 a Karras"), Pair("dpm2_a", "karras"));
  EXPECT_EQ(sampler_of("Sampler: Heun, Schedule type: SGM Uniform"), Pair("heun", "sgm_uniform"));
  EXPECT_EQ(sampler_of("Sampler: Euler, Schedule type: Align Your Steps"), Pair("euler", "ays"));
  EXPECT_EQ(sampler_of("Sampler: UniPC, Schedule type: Automatic"), Pair("unipc", ""));
}

TEST(Parameters, WriteEverySamplerAndSchedulerSoThatTheyAreReadAgain) {
  Settings s;
  s.prompt = "a cat";
  for (const auto& [sampler, its_name] : a1111_samplers()) {
    for (const auto& [scheduler, name] : a1111_schedulers()) {
      s.sampler = sampler;
      s.scheduler = scheduler;
      const Settings read = parse_parameters(to_parameters(s, model("")));
      EXPECT_EQ(read.sampler, s.sampler);
      EXPECT_EQ(read.scheduler, s.scheduler);
    }
  }
}

constexpr const char* kHead = "a cat\nNegative prompt: bad\n";
constexpr const char* kLine =
    "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 965400086, Size: 64x64, Model hash: 6ce0161689";

void expect_read(const std::string& text) {
  const Settings s = parse_parameters(text);
  EXPECT_EQ(s.prompt, "a cat") << text;
  EXPECT_EQ(s.negative_prompt, "bad") << text;
  EXPECT_EQ(s.steps, 20) << text;
  EXPECT_EQ(s.sampler, "euler_a") << text;
  EXPECT_EQ(s.guidance_scale, 7) << text;
  EXPECT_EQ(s.seed, 965400086U) << text;
  EXPECT_EQ(s.width, 64) << text;
  EXPECT_EQ(read_model_hash(text), "6ce0161689") << text;
}

TEST(Parameters, AreTakenEachByItselfWhateverStandsBesideThem) {
  for (const char* beside :
       {R"(Hashes: {"vae": "735e4c3a44", "model": "6ce0161689"})",
        R"(Civitai resources: [{"type":"checkpoint","modelVersionId":1}], Civitai metadata: {})",
        R"(Lora hashes: "a: 1, b: 2")", R"(ControlNet 0: "preprocessor: none, model: \"x, y\"")",
        R"(Hashes: {"a]": "},{"})", "Template: \"a {cat|dog}\"", "Broken: {\"a\": [1, 2",
        "Broken: \"never closed", "no pair at all", "Empty: , Other:", "Version: v1.6.0",
        "Hires prompt: \"a\\nb\"", "Ünï: 猫", "a: b: c"})
    expect_read(fmt::format("{}{}, {}", kHead, kLine, beside));
}

TEST(Parameters, AreReadHoweverTheLinesAreBroken) {
  const std::string text = std::string(kHead) + kLine;
  const auto replaced = [](std::string changed, const std::string& from, const std::string& to) {
    for (auto at = changed.find(from); at != std::string::npos; at = changed.find(from, at + to.size()))
      changed.replace(at, from.size(), to);
    return changed;
  };
  for (const std::string& variant :
       {text, text + "\n", text + "\n\n  \n", replaced(text, "\n", "\r\n"),
        replaced(text, "\n", "\r\n") + "\r\n", replaced(text, ", ", ","), replaced(text, ", ", " ,  "),
        text + "\nTemplate: a {cat|dog}", text + "\nTemplate: a {cat|dog}\nNegative Template: bad",
        replaced(text, "Steps: 20", "Steps: 20.0"), replaced(text, ": 20,", ":20,"),
        replaced(text, "64x64", "64 x 64"), replaced(text, "64x64", "64X64"),
        replaced(text, "Seed: 965400086", "Seed: 965400086.0"), replaced(text, "prompt: bad", "prompt:bad"),
        replaced(text, "Steps: 20", "Steps: \"20\"")})
    expect_read(variant);
}

TEST(Parameters, ThatAskForAnySeedNameNone) {
  const std::string text = "a cat\nSteps: 20, Seed: -1, Size: 64x64";
  EXPECT_EQ(parse_parameters(text).steps, 20);
  EXPECT_EQ(parse_parameters(text).seed, 0U);
  EXPECT_FALSE(list_parameters(text).at(1).is_read);
}

TEST(Parameters, WithoutALineOfSettingsArePrompts) {
  for (const char* text : {"a cat", "a cat, Steps: 20", "Photo: a cat, 1girl", "a cat\nand a dog", ""})
    EXPECT_EQ(parse_parameters(text).prompt, text);
}

TEST(Parameters, ListWhatIsLeftAlone) {
  std::vector<std::string> left;
  for (const auto& [key, value, is_read] : list_parameters(
           fmt::format("{}{}, ENSD: 2, Hashes: {{\"a\": \"b\"}}, RNG: CPU, Hires prompt: b", kHead, kLine)))
    if (!is_read) left.push_back(key + "=" + value);
  EXPECT_THAT(left, testing::ElementsAre("ENSD=2", "Hashes={\"a\": \"b\"}", "Hires prompt=b"));
  Settings s;
  s.prompt = "a dog";
  s.image = "photo.jpg";
  s.style = "sketch, \"quoted\"";
  for (const auto& setting : list_parameters(to_parameters(s, model("0123456789", "TAESD"))))
    EXPECT_TRUE(setting.is_read) << setting.key;
}

TEST(Parameters, SayWhoMadeThePicture) {
  const MadeBy ours = read_made_by(to_parameters(Settings(), model("0123456789", "TAESD")));
  EXPECT_TRUE(ours.by_latentdial);
  EXPECT_EQ(ours.model, "scenes");
  EXPECT_EQ(ours.hash, "0123456789");
  EXPECT_EQ(ours.decoder, "TAESD");
  const MadeBy theirs = read_made_by("a\nSteps: 1, Model hash: 6ce0161689, Model: v1-5, Version: v1.9.3");
  EXPECT_FALSE(theirs.by_latentdial);
  EXPECT_EQ(theirs.model, "v1-5");
}

TEST(Parameters, TellTheModelThatMadeThePicture) {
  Settings s;
  s.prompt = "a dog\nModel hash: aaaaaaaaaa, Model: none";
  EXPECT_THAT(to_parameters(s, model("0123456789")), HasSubstr(", Model hash: 0123456789, Model: scenes, "));
  EXPECT_EQ(read_model_hash(to_parameters(s, model(""))), "");
  EXPECT_EQ(read_model_hash("a dog\nSteps: 1, Model hash: abcdef0123, Model: v1-4"), "abcdef0123");
  EXPECT_EQ(read_model_hash("a dog"), "");
}

TEST(Parameters, DifferenceSaysWhatIsOtherThanWanted) {
  Settings s, other;
  s.prompt = "a dog";
  other.prompt = "a cat";
  const auto between = [&](const Settings& settings, const std::string& hash) {
    return difference(to_parameters(settings, model(hash)), to_parameters(s, model("0123456789")));
  };
  EXPECT_EQ(between(s, "0123456789"), "");
  EXPECT_THAT(between(s, "aaaaaaaaaa"),
              HasSubstr("other weights made (model hash aaaaaaaaaa, now 0123456789)"));
  EXPECT_THAT(between(s, ""), HasSubstr("does not say which weights"));
  for (const char* hash : {"0123456789", "aaaaaaaaaa", ""})
    EXPECT_THAT(between(other, hash), HasSubstr("other settings")) << hash;
}

/// `text` with `to` in place of its one `from`.
std::string with(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << text;
  return text.replace(at, from.size(), to);
}

TEST(Parameters, DifferenceAsksForWhatDecidesAPictureAndNothingElse) {
  Settings s;
  s.prompt = "a dog";
  s.seed = 5;
  const std::string text = to_parameters(s, model("0123456789"));
  const std::string later = with(text, std::string("latentdial ") + kVersion, "latentdial 9.1.0");
  EXPECT_EQ(difference(later, text), "");
  EXPECT_EQ(difference(with(later, "Version: ", "Something new: \"1, 2\", Version: "), text), "");
  EXPECT_THAT(difference(with(later, "Seed: 5", "Seed: 6"), text), HasSubstr("other settings"));
  EXPECT_THAT(difference(with(later, "0123456789", "aaaaaaaaaa"), text), HasSubstr("other weights"));
  EXPECT_THAT(difference(with(later, "Model: scenes", "Model: others"), text), HasSubstr("other settings"));
  EXPECT_THAT(difference(to_parameters(s, model("0123456789", "TAESD")), text), HasSubstr("other settings"));
  EXPECT_THAT(difference("a dog\nSteps: many", text), HasSubstr("other settings"));
}

InputImage grey(std::uint8_t level) {
  return InputImage(Image{8, 8, std::vector<std::uint8_t>(192, level)});
}

TEST(Parameters, NameFilesWithoutTheirFoldersAndSayTheirHashes) {
  Settings s;
  s.prompt = "a dog";
  s.image = "/home/me/photo.jpg";
  s.style_mask = "masks/left.png";
  s.dial = "../sketch.dial.json";
  Request request(s, {.start = grey(1), .end = {}, .style_mask = grey(2)});
  request.dial = std::make_shared<const Dial>(Dial{.style = "sketch"});
  const std::string text = to_parameters(request, model("0123456789"));
  EXPECT_EQ(text.find('/'), std::string::npos) << text;
  const Settings read = parse_parameters(text);
  EXPECT_EQ(read.image, "photo.jpg");
  EXPECT_EQ(read.style_mask, "left.png");
  EXPECT_EQ(read.dial, "sketch.dial.json");
  const InputHashes hashes = read_input_hashes(text);
  EXPECT_THAT(hashes.image, testing::MatchesRegex("[0-9a-f]{16}"));
  EXPECT_EQ(hashes.image, fmt::format("{:016x}", grey(1).hash()));
  EXPECT_EQ(hashes.style_mask, fmt::format("{:016x}", grey(2).hash()));
  EXPECT_EQ(hashes.dial, fmt::format("{:016x}", hash_of(*request.dial)));
  EXPECT_EQ(hashes.to_image, "");
}

TEST(Parameters, TellOfASecondPassInA1111sWords) {
  Settings s;
  s.prompt = "a dog";
  s.hires = 1.5;
  s.hires_with = "lanczos";
  s.hires_steps = 9;
  const std::string text = to_parameters(s, model("0123456789"));
  EXPECT_THAT(text, HasSubstr("Hires upscale: 1.5, Hires upscaler: Lanczos, Hires steps: 9"));
  EXPECT_THAT(text, HasSubstr("Denoising strength: 0.7"));
  EXPECT_EQ(parse_parameters(text), s);
  s.hires_with = "networks/4x_v1.0.pth";
  const Settings read = parse_parameters(to_parameters(s, model("0123456789")));
  EXPECT_EQ(read.hires_with, "4x_v1.0");
  EXPECT_EQ(without_folders(read), without_folders(s));
}

TEST(Parameters, TakeTheOneStrengthForWhatItIsOf) {
  const std::string line = "a cat\nSteps: 20, Seed: 1, Size: 64x64, Denoising strength: 0.4";
  EXPECT_EQ(parse_parameters(line).strength, 0.4);
  EXPECT_EQ(parse_parameters(line).hires_strength, Settings().hires_strength);
  const Settings twice = parse_parameters(line + ", Hires upscale: 2, Hires upscaler: Latent");
  EXPECT_EQ(twice.strength, Settings().strength);
  EXPECT_EQ(twice.hires_strength, 0.4);
  EXPECT_EQ(twice.hires_with, "latent");
}

TEST(Parameters, TakeASecondPassThatFillsASizeByItsFactor) {
  const std::string line = "a cat\nSteps: 20, Seed: 1, Size: 64x96, Hires upscaler: Latent, Hires resize: ";
  EXPECT_EQ(parse_parameters(line + "96x0").hires, 1.5);
  EXPECT_EQ(parse_parameters(line + "0x192").hires, 2);
  EXPECT_EQ(parse_parameters(line + "128x192").hires, 2);
  for (const char* other : {"128x128", "0x0", "large"}) {
    EXPECT_EQ(parse_parameters(line + other).hires, 1);
    EXPECT_FALSE(list_parameters(line + other).back().is_read) << "it would be cut, or is not a size";
  }
  EXPECT_TRUE(list_parameters(line + "96x0").back().is_read);
}

TEST(Parameters, DifferenceTellsInputsByTheirHashes) {
  Settings s;
  s.prompt = "a dog";
  const auto made_from = [&](const std::string& path, const std::optional<InputImage>& start) {
    Settings named = s;
    named.image = path;
    return to_parameters(Request(named, {.start = start, .end = {}, .style_mask = {}}), model("0123456789"));
  };
  const std::string wanted = made_from("here/photo.jpg", grey(1));
  EXPECT_EQ(difference(made_from("there/photo.jpg", grey(1)), wanted), "");
  EXPECT_THAT(difference(made_from("here/photo.jpg", grey(2)), wanted), HasSubstr("other settings"));
  EXPECT_THAT(difference(made_from("here/sketch.jpg", grey(1)), wanted), HasSubstr("other settings"));
  EXPECT_EQ(difference(with(made_from("photo.jpg", {}), "photo.jpg", "/older/photo.jpg"), wanted), "")
      << "an older text has the path and no hash";
  const std::string in_memory = made_from("", grey(1));
  EXPECT_EQ(difference(in_memory, in_memory), "");
  EXPECT_THAT(difference(made_from("", grey(2)), in_memory), HasSubstr("other settings"));
  EXPECT_THAT(difference(made_from("", {}), in_memory), HasSubstr("other settings"));
}

TEST(Parameters, NameTheKeyThatCannotBeRead) {
  EXPECT_THROW((void)parse_parameters("a dog\nSteps: many, Seed: 1"), Error);
  EXPECT_THROW((void)parse_parameters("a dog\nSteps: 20, Seed: 1, Size: wide"), Error);
}

std::string fault(const std::string& settings) {
  try {
    (void)settings_from_json(settings);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(SettingsJson, NamesUnknownKeysWrongKindsAndNumbersThatDoNotFit) {
  EXPECT_THAT(fault(R"({"promt": "a dog"})"), HasSubstr("\"promt\" is unknown"));
  EXPECT_THAT(fault(R"({"steps": "20"})"), HasSubstr("steps: "));
  EXPECT_THAT(fault(R"({"steps": 2.5})"), HasSubstr("whole number"));
  EXPECT_THAT(fault(R"({"steps": 4294967297})"), HasSubstr("steps: "));
  EXPECT_THAT(fault(R"({"seed": -1})"), HasSubstr("seed: "));
  EXPECT_THAT(fault(R"({"prompt": 3})"), HasSubstr("a text"));
  EXPECT_THAT(fault("[]"), HasSubstr("JSON object"));
  EXPECT_THAT(fault("{"), HasSubstr("is not valid JSON"));
  EXPECT_EQ(fault(R"({"seed": 18446744073709551615})"), "");
}

TEST(NearestSetting, IsMeantByAFlagALabelOrAnotherSpelling) {
  EXPECT_EQ(nearest_setting("cfg"), "guidance_scale");
  EXPECT_EQ(nearest_setting("cfg_scale"), "guidance_scale");
  EXPECT_EQ(nearest_setting("CFG scale"), "guidance_scale");
  EXPECT_EQ(nearest_setting("at"), "position");
  EXPECT_EQ(nearest_setting("to"), "to_prompt");
  EXPECT_EQ(nearest_setting("stpes"), "steps");
  EXPECT_EQ(nearest_setting("negative-prompt"), "negative_prompt");
  EXPECT_EQ(nearest_setting("tiling"), "");
  EXPECT_EQ(nearest_setting(""), "");
}

TEST(SettingsJson, AWrongNameIsAnsweredByTheRightOne) {
  EXPECT_THAT(fault(R"({"cfg": 3})"),
              HasSubstr("the setting \"cfg\" is unknown; did you mean \"guidance_scale\"?"));
  EXPECT_THAT(fault(R"({"tiling": 3})"), HasSubstr("use prompt, negative_prompt"));
}

TEST(SettingsJson, NullLeavesGuidanceToTheModelAndNothingElse) {
  EXPECT_FALSE(settings_from_json(R"({"guidance_scale": null})").guidance_scale);
  EXPECT_EQ(settings_from_json(R"({"guidance_scale": 0})").guidance_scale, 0);
  EXPECT_THAT(fault(R"({"steps": null})"), HasSubstr("steps: null is given"));
  EXPECT_THAT(to_json(Settings()), HasSubstr("\"guidance_scale\":null"));
}

TEST(Parameters, WithoutACfgScaleTheModelsOwnIsMeant) {
  EXPECT_FALSE(parse_parameters("a dog\nSteps: 20, Sampler: Euler a, Seed: 3").guidance_scale);
}

}  // namespace
}  // namespace latentdial::detail
