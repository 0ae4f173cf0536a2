// A dial; one that is taken turns to every position.
#include "latentdial/dial.h"
#include "scratch_file.h"
#include "try_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace latentdial;
  const fuzz::ScratchFile file({data, size});
  return fuzz::try_input([&] {
    const Dial dial = read_dial(file.path());
    for (double position = -1; position <= dial.high() + 1; position += 0.37)
      (void)dial.position_of(dial.strength_at(position));
  });
}
