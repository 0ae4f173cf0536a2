// GGUF files: every tensor that is small is read too.
#include <span>

#include "files/mapped_file.h"
#include "scratch_file.h"
#include "try_input.h"
#include "weights/gguf.h"
#include "weights/widen.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace latentdial;
  using namespace latentdial::detail;
  constexpr std::uint64_t kLargestTensor = 1 << 20;
  const fuzz::ScratchFile file({data, size});
  return fuzz::try_input([&] {
    for (const auto& entry : read_gguf_file(MappedFile::open(file.path())).tensors) {
      fuzz::try_input([&] {
        if (checked_bytes(entry.second.shape, 4).value_or(kLargestTensor + 1) <= kLargestTensor)
          (void)as_f32(open_tensor("input", entry.first, entry.second));
      });
    }
  });
}
