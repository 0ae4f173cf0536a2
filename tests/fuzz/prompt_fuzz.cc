// A prompt, from its syntax to the windows of the text encoder.
#include <string_view>

#include "prompt/composition.h"
#include "prompt/schedule.h"
#include "prompt/token_windows.h"
#include "try_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace latentdial;
  using namespace latentdial::detail;
  static const Tokenizer tokenizer = Tokenizer::from_folder(LATENTDIAL_SOURCE_DIR "/models/scenes/tokenizer");
  const LearntWords none;
  return fuzz::try_input([&] {
    for (const PromptTerm& term : split_terms({reinterpret_cast<const char*>(data), size})) {
      const PromptSchedule schedule(term.text);
      for (const int step : {0, 7, 19})
        (void)token_windows(tokenizer, none, parse_emphasis(schedule.at(step, 20)), tokenizer.max_length());
    }
  });
}
