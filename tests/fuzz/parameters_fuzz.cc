// The settings in a picture's text, and as JSON; what is read is written and read again.
#include <cstdlib>

#include "latentdial/parameters.h"
#include "try_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace latentdial;
  const std::string text(reinterpret_cast<const char*>(data), size);
  fuzz::try_input([&] { (void)parse_parameters(text); });
  return fuzz::try_input([&] {
    const std::string written = to_json(settings_from_json(text));
    if (to_json(settings_from_json(written)) != written) std::abort();
  });
}
