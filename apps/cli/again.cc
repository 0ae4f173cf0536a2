#include "again.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <vector>

#include "latentdial/dial.h"
#include "latentdial/error.h"
#include "latentdial/image.h"
#include "latentdial/parameters.h"

namespace latentdial::cli {
namespace {

namespace fs = std::filesystem;

/// "dog.png, 0123456789abcdef", of which a text may hold only one.
std::string name_of(const std::string& path, const std::string& hash) {
  const std::string name = fs::path(path).filename().string();
  return name + (name.empty() || hash.empty() ? "" : ", ") + hash;
}

std::string hash_of_file(const InputFile& input, const fs::path& path) {
  const bool is_dial = input.path == &Settings::dial;
  return fmt::format("{:016x}", is_dial ? hash_of(read_dial(path)) : InputImage::read(path).hash());
}

}  // namespace

Settings settings_in(const std::string& picture) {
  const std::string text = read_png_parameters(picture);
  if (text.empty()) throw invalid_input("again", fmt::format("{} holds no settings", picture));
  return parse_parameters(text);
}

void check_inputs(const std::string& picture, const Settings& settings,
                  const std::function<bool(std::string_view name)>& is_given, const OutputOptions& output) {
  const InputHashes hashes = read_input_hashes(read_png_parameters(picture));
  std::vector<std::string> missing;
  for (const InputFile& input : input_files()) {
    const std::string &path = settings.*input.path, &hash = hashes.*input.hash;
    if (path.empty() && hash.empty()) continue;
    if (!is_given(input.name)) {
      missing.push_back(fmt::format("@({}) ({})", input.name, name_of(path, hash)));
    } else if (!path.empty() && !hash.empty() && hash_of_file(input, path) != hash) {
      notice(output,
             fmt::format("{} is not the {} that {} was made from ({})", path, input.name, picture, hash));
    }
  }
  if (!missing.empty())
    throw invalid_input("again",
                        fmt::format("{} was made from other files, of which none is opened unasked; name {}",
                                    picture, fmt::join(missing, " and ")));
}

}  // namespace latentdial::cli
