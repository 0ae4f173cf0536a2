#include "prompt/standard_vocabulary.h"

#include <fmt/format.h>
#include <zlib.h>

#include <memory>
#include <sstream>
#include <vector>

#include "files/data_files.h"
#include "latentdial/error.h"
#include "prompt/tokenizer_files.h"

namespace latentdial::detail {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFileName = "bpe_simple_vocab_16e6.txt.gz";
constexpr std::size_t kMergeCount = 49152 - 256 - 2;
constexpr std::size_t kMaxBytes = 16U << 20;

struct GzClose {
  void operator()(gzFile file) const { gzclose(file); }
};

std::string read_gzip(const fs::path& path) {
  const std::unique_ptr<gzFile_s, GzClose> file(gzopen(path.c_str(), "rb"));
  if (file == nullptr) {
    throw invalid_input(fmt::format("{}: cannot be opened, expected CLIP's {}", path.string(), kFileName));
  }
  std::string text;
  std::vector<char> block(1U << 16);
  int count = 0;
  while ((count = gzread(file.get(), block.data(), static_cast<unsigned>(block.size()))) > 0) {
    text.append(block.data(), static_cast<std::size_t>(count));
    if (text.size() > kMaxBytes) {
      throw invalid_input(fmt::format("{}: unpacks to more than {} bytes, expected CLIP's {}", path.string(),
                                      kMaxBytes, kFileName));
    }
  }
  if (count < 0 || gzeof(file.get()) == 0) {
    throw invalid_input(fmt::format("{}: damaged gzip file, expected CLIP's {}", path.string(), kFileName));
  }
  return text;
}

}  // namespace

TokenizerParts read_standard_clip(const fs::path& bpe_simple_vocab_gz, std::string pad) {
  TokenizerParts parts;
  parts.source = bpe_simple_vocab_gz.string();
  std::istringstream lines(read_gzip(bpe_simple_vocab_gz));
  std::string line;
  std::getline(lines, line);  // The version.
  while (parts.merges.size() < kMergeCount && std::getline(lines, line)) {
    const std::size_t space = line.find(' ');
    if (space == std::string::npos) {
      throw invalid_input(
          fmt::format("{}: line {} is not a merge of two tokens", parts.source, parts.merges.size() + 2));
    }
    parts.merges.emplace_back(line.substr(0, space), line.substr(space + 1));
  }
  if (parts.merges.size() != kMergeCount) {
    throw invalid_input(
        fmt::format("{}: {} merges, expected CLIP's {}", parts.source, parts.merges.size(), kMergeCount));
  }
  const auto append = [&](const std::string& token) {
    parts.vocabulary.emplace(token, static_cast<std::int32_t>(parts.vocabulary.size()));
  };
  for (const char* end_of_word : {"", "</w>"}) {
    for (const std::uint8_t byte : byte_order()) append(byte_alphabet()[byte] + end_of_word);
  }
  for (const auto& [left, right] : parts.merges) append(left + right);
  append(parts.start);
  append(parts.end);
  parts.pad = std::move(pad);
  // As in the tokenizer folders of SD v1 and v2: start and end are looked for in the normalised text, the pad
  // token in the text as written.
  AddedToken normalized;
  normalized.normalized = true;
  add_token(parts, parts.start, normalized);
  add_token(parts, parts.end, normalized);
  add_token(parts, parts.pad, {});
  return parts;
}

fs::path find_standard_vocabulary() {
  std::string looked_in = "share/latentdial beside the program";
  if (const auto named = environment("LATENTDIAL_CLIP_VOCAB")) {
    const fs::path file = fs::is_directory(*named) ? fs::path(*named) / kFileName : fs::path(*named);
    if (fs::is_regular_file(file)) return file;
    looked_in = *named;
  } else if (const auto found = find_data_file(kFileName)) {
    return *found;
  }
  throw invalid_input(fmt::format(
      "CLIP vocabulary: {} is not in {}; run `make clip-vocabulary` (it takes it from the PyPI package "
      "open_clip_torch), or set LATENTDIAL_CLIP_VOCAB to the file, or use a model folder with its own "
      "tokenizer/",
      kFileName, looked_in));
}

}  // namespace latentdial::detail
