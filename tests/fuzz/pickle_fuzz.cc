// What torch.save writes, without the zip around it.
#include <cstdint>

#include "try_input.h"
#include "weights/pickle.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace latentdial;
  using namespace latentdial::detail;
  return fuzz::try_input([&] { (void)read_pickle("input", {reinterpret_cast<const char*>(data), size}); });
}
