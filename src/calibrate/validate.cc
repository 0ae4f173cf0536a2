#include "latentdial/calibrate.h"
#include "latentdial/text.h"
#include "prompt/lora_tags.h"
#include "text/require.h"

namespace latentdial {

using namespace detail;

void validate(const CalibrationOptions& options) {
  Settings s = options.settings;
  require(!is_blank(s.style), "style", "no style is given; say which to calibrate, as in \"Monet style\"");
  require(!lora_of_style(s.style), "style",
          "a LoRA is dialled without a dial file; calibrate is for words, as in \"Monet style\"");
  require(!options.prompts.empty(), "prompts", "none is given; say what the pictures show, as in \"a dog\"");
  require(!options.seeds.empty() && options.seeds.size() <= kMostSeeds, "seeds",
          "{} are out of range, use 1 to {}", options.seeds.size(), kMostSeeds);
  for (const std::string& prompt : options.prompts) {
    s.prompt = prompt;
    // A dial belongs to the model that is loaded.
    for (const char* tag : {"<lora:", "<lyco:"})
      require(prompt.find(tag) == std::string::npos, "prompts",
              "{}…> adds a LoRA to single pictures; load it with the model, by @(lora), to calibrate with it",
              tag);
    validate(Request(s));
  }
}

}  // namespace latentdial
