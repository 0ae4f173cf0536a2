// A tokenizer folder: its files stand in the input one after the other, each ended by a zero byte.
#include <string_view>

#include "prompt/tokenizer.h"
#include "scratch_file.h"
#include "try_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace latentdial;
  using namespace latentdial::detail;
  static const fuzz::ScratchFolder folder;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  for (const char* name : {"vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json",
                           "added_tokens.json", "tokenizer.json"}) {
    const std::string_view text = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(std::min(rest.size(), text.size() + 1));
    std::filesystem::remove(folder.path() / name);
    if (!text.empty()) folder.put(name, text);
  }
  return fuzz::try_input([&] {
    const Tokenizer tokenizer = Tokenizer::from_folder(folder.path());
    (void)tokenizer.encode("A dog, in the <jungle> 猫");
  });
}
