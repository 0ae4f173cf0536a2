#include "task/prompts.h"

#include <algorithm>
#include <cstddef>
#include <set>

#include "prompt/composition.h"
#include "prompt/emphasis.h"
#include "prompt/lora_tags.h"
#include "text/require.h"

namespace latentdial::detail {
namespace {

constexpr std::size_t kMostBytes = 64u << 10;
constexpr std::size_t kMostTexts = 128;

PromptSchedule read_schedule(const char* field, const std::string& text) {
  return read_prompt(field, [&] { return PromptSchedule(text); });
}

/// A text that may change with the steps, but holds one prompt.
void check_single(const char* field, const std::string& text) {
  require(read_prompt(field, [&] { return split_terms(text); }).size() <= 1, field,
          "AND joins prompts of @(prompt) alone; with @(plain_prompt) it is a word");
}

void check_length(const char* field, const std::string& text) {
  require(text.size() <= kMostBytes, field, "{} bytes are too many; {} are the most", text.size(),
          kMostBytes);
  for (const char* network : {"<lora:", "<lyco:", "<hypernet:"})
    require(text.find(network) == std::string::npos, field,
            "{}…> names a network for the whole picture; write it into @(prompt)", network);
}

void check_emphasis(const char* field, const std::string& text) {
  (void)read_prompt(field, [&] { return parse_emphasis(text); });
}

/// Reads every text that is shown at some step. Each is encoded, and kept while the picture is made.
void check_texts(const PromptSteps& prompts) {
  std::set<Texts> shown;
  for (int step = 0; step < (prompts.is_constant() ? 1 : prompts.steps()); ++step) {
    for (const auto& [weight, texts] : prompts.at(step)) shown.insert(texts);
    require(shown.size() <= kMostTexts, "prompt", "it changes with the steps to more than {} different ones",
            kMostTexts);
  }
  for (const Texts& texts : shown) {
    check_emphasis("prompt", texts.prompt);
    check_emphasis("negative_prompt", texts.negative_prompt);
    check_emphasis("to_prompt", texts.to_prompt);
  }
}

}  // namespace

PromptSteps::PromptSteps(const Texts& texts, int steps)
    : steps_(steps),
      negative_(read_schedule("negative_prompt", texts.negative_prompt)),
      to_(read_schedule("to_prompt", texts.to_prompt)) {
  for (const PromptTerm& term : split_terms(texts.prompt))
    terms_.push_back({term.weight, PromptSchedule(term.text)});
}

bool PromptSteps::is_constant() const {
  return std::ranges::all_of(terms_, [](const Term& term) { return term.text.is_constant(); }) &&
         negative_.is_constant() && to_.is_constant();
}

auto PromptSteps::at(int step) const -> std::vector<Weighted> {
  std::vector<Weighted> list;
  for (const Term& term : terms_)
    list.push_back(
        {term.weight, {term.text.at(step, steps_), negative_.at(step, steps_), to_.at(step, steps_)}});
  return list;
}

void check_prompts(const Settings& s) {
  if (s.plain_prompt) return;
  const std::string prompt = take_lora_tags(s.prompt).text;
  check_length("prompt", prompt);
  check_length("negative_prompt", s.negative_prompt);
  check_length("to_prompt", s.to_prompt);
  const auto lora = lora_of_style(s.style);
  if (!lora) check_length("style", s.style);
  check_single("negative_prompt", s.negative_prompt);
  check_single("to_prompt", s.to_prompt);
  if (!lora) check_emphasis("style", constant_prompt("style", s.style));
  const PromptSteps prompts({prompt, s.negative_prompt, s.to_prompt}, s.steps);
  if (s.invert) {
    (void)constant_prompt("prompt", prompt);
    (void)constant_prompt("negative_prompt", s.negative_prompt);
    (void)constant_prompt("to_prompt", s.to_prompt);
  }
  check_texts(prompts);
  require(!lora || prompts.is_one(), "prompt",
          "AND joins prompts, which a dial that turns a LoRA does not; join them by a comma");
}

const std::string& constant_prompt(const char* field, const std::string& text) {
  check_single(field, text);
  require(read_schedule(field, text).is_constant(), field,
          "[from:to:when] and [a|b] change the prompt with the steps, which has no meaning here");
  return text;
}

}  // namespace latentdial::detail
