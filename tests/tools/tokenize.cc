// tokenize FOLDER|FILE.gz [PAD]: prompts on stdin, each after its length in bytes and a line feed; 77 ids per
// prompt on a line of stdout. FOLDER is a model's tokenizer folder, FILE.gz CLIP's merge list (then PAD may
// name the pad token).

#include <exception>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>

#include "prompt/tokenizer.h"

namespace {

using latentdial::detail::Tokenizer;

Tokenizer load(const std::filesystem::path& path, const std::string& pad) {
  return std::filesystem::is_directory(path) ? Tokenizer::from_folder(path)
                                             : Tokenizer::standard_clip(path, pad);
}

void print_ids(const Tokenizer& tokenizer, std::string_view prompt) {
  for (const auto id : tokenizer.encode(prompt, 77).ids) {
    std::cout << id << ' ';
  }
  std::cout << '\n';
}

void run(const Tokenizer& tokenizer, std::string_view input) {
  while (!input.empty()) {
    const std::size_t mark = input.find('\n');
    const std::size_t length = std::stoull(std::string(input.substr(0, mark)));
    input.remove_prefix(mark + 1);
    print_ids(tokenizer, input.substr(0, length));
    input.remove_prefix(length);
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const Tokenizer tokenizer = load(argc > 1 ? argv[1] : ".", argc > 2 ? argv[2] : "<|endoftext|>");
    const std::string input{std::istreambuf_iterator<char>(std::cin), {}};
    run(tokenizer, input);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 2;
  }
  return 0;
}
