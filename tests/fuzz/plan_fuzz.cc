// A sweep's plan.
#include "latentdial/sweep.h"
#include "scratch_file.h"
#include "try_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace latentdial;
  const fuzz::ScratchFile file({data, size});
  return fuzz::try_input([&] { (void)read_plan(file.path()); });
}
