#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include "files/is_below.h"
#include "files/read_file.h"
#include "latentdial/error.h"
#include "latentdial/files.h"
#include "latentdial/image.h"
#include "latentdial/json.h"
#include "latentdial/parameters.h"
#include "latentdial/sweep.h"
#include "sweep/manifest.h"
#include "text/require.h"

namespace latentdial {

using namespace detail;
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::uintmax_t kLargestPicture = 512u << 20;  // What read_image reads.

/// A picture that a shard has listed.
struct Listed {
  fs::path path;
  std::string line;  ///< Of the manifest.
};
using ListedByFile = std::map<std::string, Listed>;

std::string bytes_of(const fs::path& path) {
  std::error_code fault;
  return read_file(path, kLargestPicture, fault);
}

/// What the manifests of a folder list of the pictures, and is there. No link is followed out of the folder.
void collect(const fs::path& folder, const std::set<std::string>& pictures, ListedByFile& listed) {
  std::error_code fault;
  fs::directory_iterator files(folder, fault);
  require(!fault, "", "merge: {} cannot be read: {}", folder.string(), fault.message());
  for (const auto& file : files) {
    const auto name = file.path().filename().string();
    if (!name.starts_with("manifest") || !name.ends_with(".jsonl")) continue;
    for (const auto& [picture, line] : read_manifest(file.path(), pictures)) {
      const fs::path path = folder / picture;
      if (!fs::exists(path)) continue;
      if (!fs::is_regular_file(path) || !is_below(path, folder))
        throw invalid_input(fmt::format("merge: {} is not a file of its folder", path.string()));
      const auto [known, fresh] = listed.emplace(picture, Listed{path, line});
      if (fresh || fs::equivalent(known->second.path, path) || bytes_of(known->second.path) == bytes_of(path))
        continue;
      throw invalid_input(fmt::format("merge: {} and {} are different pictures of one name",
                                      known->second.path.string(), path.string()));
    }
  }
}

/// A file that pictures were made from, as one of them says.
struct Input {
  std::string hash;
  fs::path picture;
};
/// By the setting that names it, and its path.
using Inputs = std::map<std::pair<std::string_view, std::string>, Input>;

/// That a picture was made from the same files as the others, whichever machine they lay on.
void check_inputs(const Settings& settings, const std::string& text, const fs::path& picture,
                  Inputs& inputs) {
  const InputHashes hashes = read_input_hashes(text);
  for (const InputFile& file : input_files()) {
    const std::string path = file_named(settings, file), &hash = hashes.*file.hash;
    if (path.empty() || hash.empty()) continue;
    const Input& first = inputs.try_emplace({file.name, path}, Input{hash, picture}).first->second;
    require(first.hash == hash, "", "merge: {} and {} were made from two files of the name {} ({}, {})",
            first.picture.string(), picture.string(), path, first.hash, hash);
  }
}

/// That the picture is whole and the one that its line is about, and that no other has its place. Returns the
/// hash of the model that made it.
std::string check(const Listed& listed, const fs::path& place, Inputs& inputs) {
  (void)read_image(listed.path);
  const auto line = parse_json<json>(listed.line);
  const auto listed_settings = line.find("settings");
  const Settings settings =
      listed_settings == line.end() ? Settings() : settings_from_json(listed_settings->dump());
  const std::string text = read_image_parameters(listed.path);
  if (without_folders(parse_parameters(text)) != without_folders(settings))
    throw invalid_input(
        fmt::format("merge: {} was not made with the settings that its manifest says", listed.path.string()));
  check_inputs(settings, text, listed.path, inputs);
  if (fs::exists(place) && !fs::equivalent(place, listed.path) && bytes_of(place) != bytes_of(listed.path))
    throw invalid_input(
        fmt::format("merge: {} is another picture; move it away or use another folder", place.string()));
  return read_model_hash(text);
}

/// For a message; pictures of older versions have no hash.
std::string or_none(const std::string& hash) {
  return hash.empty() ? "none" : hash;
}

/// The plan's pictures in its order; throws where one is missing or another model's.
std::vector<const Listed*> find_all(const std::vector<Job>& jobs, const ListedByFile& listed,
                                    const fs::path& folder) {
  std::vector<const Listed*> found;
  std::vector<std::string> missing;
  for (const Job& job : jobs) {
    const auto picture = listed.find(job.file);
    if (picture == listed.end()) {
      missing.push_back(job.file);
    } else {
      found.push_back(&picture->second);
    }
  }
  require(missing.empty(), "", "merge: {} of {} pictures are missing, the first is {}; resume their shards",
          missing.size(), jobs.size(), missing.empty() ? "" : missing.front());
  const auto model_of = [](const Listed* picture) {
    return parse_json<json>(picture->line).value("model", "");
  };
  const std::string model = found.empty() ? "" : model_of(found.front());
  std::string hash;
  Inputs inputs;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const Listed* picture = found[i];
    if (const std::string own = model_of(picture); own != model)
      throw invalid_input(fmt::format("merge: {} was made by the model \"{}\", {} by \"{}\"",
                                      found.front()->path.string(), model, picture->path.string(), own));
    const std::string own_hash = check(*picture, folder / jobs[i].file, inputs);
    if (i == 0) hash = own_hash;
    require(own_hash == hash, "", "merge: other weights of \"{}\" made {} (model hash {}) than {} ({})",
            model, found.front()->path.string(), or_none(hash), picture->path.string(), or_none(own_hash));
  }
  return found;
}

/// The same file under another name, whole from the first moment; a copy where the file system has no links.
void bring(const fs::path& from, const fs::path& to) {
  std::error_code fault;
  fs::create_directories(to.parent_path(), fault);
  fs::create_hard_link(fs::canonical(from), to, fault);
  if (!fault) return;
  const std::string bytes = read_file(from, kLargestPicture, fault);
  if (fault)
    throw Error(ErrorCode::io, fmt::format("merge: {} cannot be written: {}", to.string(), fault.message()));
  try {
    write_file(to, bytes);
  } catch (const Error& error) {
    throw Error(ErrorCode::io, fmt::format("merge: {}", error.what()));
  }
}

}  // namespace

Merged merge_shards(const std::vector<Job>& jobs, const std::vector<fs::path>& folders,
                    const fs::path& folder) {
  ListedByFile listed;
  std::set<std::string> wanted;
  for (const Job& job : jobs) wanted.insert(job.file);
  for (const fs::path& from : folders) collect(from, wanted, listed);
  std::error_code ignored;
  const bool known = std::any_of(folders.begin(), folders.end(),
                                 [&](const fs::path& from) { return fs::equivalent(from, folder, ignored); });
  if (!known && fs::exists(folder)) collect(folder, wanted, listed);
  const auto pictures = find_all(jobs, listed, folder);
  Merged merged{.pictures = static_cast<int>(pictures.size()), .moved = 0};
  std::string lines;
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const fs::path to = folder / jobs[i].file;
    if (!fs::exists(to)) {
      bring(pictures[i]->path, to);
      ++merged.moved;
    }
    lines += pictures[i]->line + "\n";
  }
  replace_manifest(folder / "manifest.jsonl", lines);
  return merged;
}

}  // namespace latentdial
