// safetensors and PyTorch files: every tensor that is small is read too.
#include <span>

#include "scratch_file.h"
#include "try_input.h"
#include "weights/checkpoint_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace latentdial;
  using namespace latentdial::detail;
  constexpr std::uint64_t kLargestTensor = 1 << 20;
  const fuzz::ScratchFile file({data, size});
  return fuzz::try_input([&] {
    for (const auto& entry : read_checkpoint_file(file.path()).tensors) {
      fuzz::try_input([&] {
        if (checked_bytes(entry.second.shape, 4).value_or(kLargestTensor + 1) <= kLargestTensor)
          (void)read_finite("input", entry.first, entry.second, "weight");
      });
    }
  });
}
