#include "latentdial/calibrate.h"
#include "latentdial/text.h"
#include "text/require.h"

namespace latentdial {

using namespace detail;

void validate(const CalibrationOptions& options) {
  Settings s = options.settings;
  require(!is_blank(s.style), "style", "no style is given; say which to calibrate, as in \"Monet style\"");
  require(!options.prompts.empty(), "prompts", "none is given; say what the pictures show, as in \"a dog\"");
  require(!options.seeds.empty() && options.seeds.size() <= kMostSeeds, "seeds",
          "{} are out of range, use 1 to {}", options.seeds.size(), kMostSeeds);
  for (const std::string& prompt : options.prompts) {
    s.prompt = prompt;
    validate(Request(s));
  }
}

}  // namespace latentdial
