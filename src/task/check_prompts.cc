#include "task/check_prompts.h"

#include <fmt/format.h>

#include <cstddef>
#include <set>

#include "latentdial/error.h"
#include "prompt/composition.h"
#include "prompt/emphasis.h"
#include "task/prompt_steps.h"

namespace latentdial::detail {
namespace {

constexpr std::size_t kMostBytes = 64u << 10;
constexpr std::size_t kMostTexts = 128;

/// A text that may change with the steps, but holds one prompt.
void check_single(const char* field, const std::string& text) {
  if (read_prompt(field, [&] { return split_terms(text); }).size() > 1)
    throw invalid_input(field, "AND joins prompts of @(prompt) alone; with @(plain_prompt) it is a word");
}

void check_length(const char* field, const std::string& text) {
  if (text.size() > kMostBytes)
    throw invalid_input(field,
                        fmt::format("{} bytes are too many; {} are the most", text.size(), kMostBytes));
  for (const char* network : {"<lora:", "<lyco:", "<hypernet:"}) {
    if (text.find(network) != std::string::npos)
      throw invalid_input(
          field,
          fmt::format("{}…> names a network to load; LoRAs are loaded with the model, by @(lora) FILE:SCALE",
                      network));
  }
}

void check_emphasis(const char* field, const std::string& text) {
  (void)read_prompt(field, [&] { return parse_emphasis(text); });
}

/// Reads every text that is shown at some step. Each is encoded, and kept while the picture is made.
void check_texts(const PromptSteps& prompts, int steps) {
  std::set<Texts> shown;
  for (int step = 0; step < steps; ++step) {
    for (const auto& [weight, texts] : prompts.at(step)) shown.insert(texts);
    if (shown.size() > kMostTexts)
      throw invalid_input(
          "prompt", fmt::format("it changes with the steps to more than {} different ones", kMostTexts));
  }
  for (const Texts& texts : shown) {
    check_emphasis("prompt", texts.prompt);
    check_emphasis("negative_prompt", texts.negative_prompt);
    check_emphasis("to_prompt", texts.to_prompt);
  }
}

}  // namespace

void check_prompts(const Settings& s) {
  if (s.plain_prompt) return;
  check_length("prompt", s.prompt);
  check_length("negative_prompt", s.negative_prompt);
  check_length("to_prompt", s.to_prompt);
  check_length("style", s.style);
  check_single("negative_prompt", s.negative_prompt);
  check_single("to_prompt", s.to_prompt);
  check_emphasis("style", constant_prompt("style", s.style));
  const PromptSteps prompts({s.prompt, s.negative_prompt, s.to_prompt}, s.steps);
  if (s.invert) {
    (void)constant_prompt("prompt", s.prompt);
    (void)constant_prompt("negative_prompt", s.negative_prompt);
    (void)constant_prompt("to_prompt", s.to_prompt);
  }
  check_texts(prompts, prompts.is_constant() ? 1 : s.steps);
}

const std::string& constant_prompt(const char* field, const std::string& text) {
  check_single(field, text);
  if (read_prompt(field, [&] { return PromptSchedule(text); }).is_constant()) return text;
  throw invalid_input(field,
                      "[from:to:when] and [a|b] change the prompt with the steps, which has no meaning here");
}

}  // namespace latentdial::detail
