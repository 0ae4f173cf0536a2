#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <system_error>

#include "files/is_below.h"
#include "files/temporary_name.h"
#include "latentdial/parameters.h"
#include "latentdial/sweep.h"
#include "sweep/manifest.h"
#include "text/require.h"

namespace latentdial {

using namespace detail;
namespace {

// Pictures whose start pictures are in memory together.
constexpr std::size_t kAtOnce = 64;

void make_folder(const std::filesystem::path& folder) {
  std::error_code fault;
  std::filesystem::create_directories(folder, fault);
  require(!fault, "folder", "{} cannot be made: {}", folder.string(), fault.message());
}

/// Removes what a run was writing of these pictures when it was killed.
void remove_half_written(const std::filesystem::path& folder, const std::vector<JobResult>& results) {
  std::map<std::filesystem::path, std::set<std::string>> pictures;
  for (const auto& result : results) {
    const auto path = folder / result.file;
    pictures[path.parent_path()].insert(path.filename().string());
  }
  for (const auto& [parent, names] : pictures) {
    std::error_code ignored;
    std::vector<std::filesystem::path> left;
    for (const auto& entry : std::filesystem::directory_iterator(parent, ignored)) {
      if (names.contains(written_name(entry.path().filename().string()))) left.push_back(entry.path());
    }
    for (const auto& path : left) std::filesystem::remove(path, ignored);
  }
}

/// Whether the job's picture is there already, with exactly its settings and made with these weights.
bool is_finished(const std::filesystem::path& path, const Settings& settings, const Pipeline& pipeline) {
  if (!std::filesystem::exists(path)) return false;
  const std::string why = difference(read_image_parameters(path), pipeline.parameters(settings));
  require(why.empty(), "folder", "{} {}; use another folder or move it away", path.string(), why);
  return true;
}

/// Finds what is finished; refuses a folder that holds somebody's pictures when not resuming.
std::vector<JobResult> prepare(const Pipeline& pipeline, const std::vector<Job>& jobs,
                               const SweepOptions& options) {
  std::vector<JobResult> results;
  for (const Job& job : jobs)
    results.push_back(
        {job.file, pipeline.resolve(job.settings), /*seconds=*/0, /*kept=*/false, /*notices=*/{}});
  make_folder(options.folder);
  require(options.resume || !std::filesystem::exists(options.folder / options.manifest), "folder",
          "{} holds an earlier run; resume it, or use another folder", options.folder.string());
  std::set<std::filesystem::path> parents;
  for (const auto& result : results) parents.insert((options.folder / result.file).parent_path());
  for (const auto& parent : parents) {
    make_folder(parent);
    require(is_below(parent, options.folder), "folder", "{} leads out of {}", parent.string(),
            options.folder.string());
  }
  for (auto& result : results)
    result.kept = is_finished(options.folder / result.file, result.settings, pipeline);
  if (options.resume) remove_half_written(options.folder, results);
  return results;
}

}  // namespace

std::vector<JobResult> run_jobs(const Pipeline& pipeline, const std::vector<Job>& jobs,
                                const SweepOptions& options) {
  auto results = prepare(pipeline, jobs, options);
  std::set<std::string> kept;
  for (const auto& result : results) {
    if (result.kept) kept.insert(result.file);
  }
  Manifest manifest(options.folder / options.manifest, kept);
  SweepProgress progress{.picture = 0, .pictures = static_cast<int>(results.size()), .step = {}, .share = 0};
  const auto report = [&] {
    if (options.on_progress) options.on_progress(progress);
  };
  const auto finish = [&](const JobResult& result) {
    if (!manifest.has(result.file)) manifest.add(result, pipeline.info().name);
    ++progress.picture;
    progress.step = {};
    report();
  };

  std::vector<JobResult*> missing;
  std::vector<Request> requests;
  for (auto& result : results) {
    if (result.kept) {
      finish(result);
      continue;
    }
    missing.push_back(&result);
    requests.emplace_back(result.settings);
  }
  std::size_t begin = 0, end = 0;
  const Observer observer = {
      .on_step =
          [&](const StepProgress& step) {
            const auto known = static_cast<double>(results.size() - missing.size() + begin);
            progress.share = (known + static_cast<double>(end - begin) * step.share()) /
                             static_cast<double>(results.size());
            progress.step = step;
            report();
          },
      .stop = options.stop};
  const auto keep = [&](std::size_t i, Picture picture) {
    JobResult& result = *missing[begin + i];
    write_png(options.folder / result.file, picture.image, picture.parameters);
    result.notices = std::move(picture.notices);
    result.seconds = picture.seconds;
    finish(result);
  };
  for (; begin < requests.size(); begin += kAtOnce) {
    end = std::min(requests.size(), begin + kAtOnce);
    const auto at = [&](std::size_t i) { return requests.begin() + static_cast<std::ptrdiff_t>(i); };
    pipeline.generate({at(begin), at(end)}, keep, observer);
  }
  return results;
}

}  // namespace latentdial
