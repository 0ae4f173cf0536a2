#include "again.h"

#include <fmt/format.h>

#include <filesystem>

#include "latentdial/dial.h"
#include "latentdial/error.h"
#include "latentdial/image.h"
#include "latentdial/parameters.h"

namespace latentdial::cli {
namespace {

namespace fs = std::filesystem;

std::string hash_of_file(const InputFile& input, const fs::path& path) {
  const bool is_dial = input.path == &Settings::dial;
  return fmt::format("{:016x}", is_dial ? hash_of(read_dial(path)) : InputImage::read(path).hash());
}

/// Where a file is that a picture's text names; `hash` may be unknown.
std::string find_input(const InputFile& input, const std::string& name, const std::string& hash,
                       const fs::path& picture) {
  if (name.empty())
    throw invalid_input(input.name, fmt::format("{} was made from one in memory ({}); give it by @({})",
                                                picture.string(), hash, input.name));
  std::string other;
  for (const fs::path& path : {fs::path(name), picture.parent_path() / fs::path(name).filename()}) {
    std::error_code fault;
    if (!fs::is_regular_file(path, fault)) continue;
    if (hash.empty() || hash_of_file(input, path) == hash) return path.string();
    other = path.string();
  }
  throw invalid_input(
      input.name, other.empty()
                      ? fmt::format("{} is neither here nor beside {}; say by @({}) where it is", name,
                                    picture.string(), input.name)
                      : fmt::format("{} is not the one that {} was made from ({}); give that by @({})", other,
                                    picture.string(), hash, input.name));
}

}  // namespace

Settings settings_in(const std::string& picture) {
  const std::string text = read_png_parameters(picture);
  if (text.empty()) throw invalid_input("again", fmt::format("{} holds no settings", picture));
  return parse_parameters(text);
}

void find_inputs(const std::string& picture, Settings& settings,
                 const std::function<bool(std::string_view name)>& is_given) {
  const InputHashes hashes = read_input_hashes(read_png_parameters(picture));
  for (const InputFile& input : input_files()) {
    std::string& path = settings.*input.path;
    const std::string& hash = hashes.*input.hash;
    if (is_given(input.name) || (path.empty() && hash.empty())) continue;
    path = find_input(input, path, hash, picture);
  }
}

}  // namespace latentdial::cli
