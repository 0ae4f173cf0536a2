#include <fmt/format.h>

#include "latentdial/calibrate.h"
#include "latentdial/error.h"
#include "latentdial/text.h"

namespace latentdial {
namespace {

constexpr double kWidestBudget = 100;

}  // namespace

void validate(const CalibrationOptions& options) {
  Settings s = options.settings;
  if (is_blank(s.style))
    throw invalid_input("style", "no style is given; say which to calibrate, as in \"Monet style\"");
  if (options.prompts.empty())
    throw invalid_input("prompts", "none is given; say what the pictures show, as in \"a dog\"");
  if (options.seeds.empty() || options.seeds.size() > kMostSeeds)
    throw invalid_input("seeds",
                        fmt::format("{} are out of range, use 1 to {}", options.seeds.size(), kMostSeeds));
  if (!(options.content_budget >= 0 && options.content_budget <= kWidestBudget))
    throw invalid_input("content_budget", fmt::format("{} is out of range, use 0 to {}",
                                                      options.content_budget, kWidestBudget));
  for (const std::string& prompt : options.prompts) {
    s.prompt = prompt;
    validate(Request(s));
  }
}

}  // namespace latentdial
