#pragma once

#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "latentdial/export.h"
#include "latentdial/pipeline.h"
#include "latentdial/settings.h"

namespace latentdial {

/// One picture of a sweep and where it goes, relative to the output folder.
struct Job {
  Settings settings;
  std::string file;
};

/// The pictures of a plan: `{"settings": {…common…}, "grid": {"prompt": [...], "seed": [...], "position":
/// "0:1:11"}}`, every combination of the grid's values; a list of such objects is made one after the other.
/// Throws invalid_input naming the key, and of `allow_paths` where the plan names a picture, mask or dial
/// that lies, links followed, outside of its own folder, unless that is allowed.
[[nodiscard]] LATENTDIAL_API std::vector<Job> read_plan(const std::filesystem::path& path,
                                                        bool allow_paths = false);

/// "A:B:N" as N values from A to B, or a lone number as one value. Throws invalid_input.
[[nodiscard]] LATENTDIAL_API std::vector<double> parse_range(const std::string& text);

/// Eight hexadecimal digits that name these settings by what differs from the defaults, the same on every
/// machine.
[[nodiscard]] LATENTDIAL_API std::string settings_id(const std::vector<Settings>& list);

/// The i-th of n parts of a sweep, for as many machines: neighbours stay together.
struct Shard {
  int index = 1;  ///< 1 to count.
  int count = 1;
};

/// "3/8" as a shard. Throws invalid_input.
[[nodiscard]] LATENTDIAL_API Shard parse_shard(const std::string& text);
/// The jobs of a shard; those of all shards are the whole list, each job once.
[[nodiscard]] LATENTDIAL_API std::vector<Job> jobs_of(const Shard& shard, const std::vector<Job>& jobs);
/// "manifest.jsonl", or "manifest-3-of-8.jsonl": shards may share a folder.
[[nodiscard]] LATENTDIAL_API std::string manifest_name(const Shard& shard);

/// How far a sweep is.
struct SweepProgress {
  int picture = 0;   ///< Pictures finished or found finished.
  int pictures = 0;  ///< Pictures in all.
  StepProgress step;
  double share = 0;  ///< Of all work, 0 to 1.
};

struct SweepOptions {
  std::filesystem::path folder;
  /// Keep pictures whose file holds exactly the settings asked for and this model's hash, and make only what
  /// is missing.
  bool resume = false;
  std::string manifest = "manifest.jsonl";  ///< Name of the list of finished pictures in the folder.
  std::function<void(const SweepProgress&)> on_progress;
  std::stop_token stop;
};

/// What became of one job.
struct JobResult {
  std::string file;    ///< Relative to the folder.
  Settings settings;   ///< With the model's defaults filled in.
  double seconds = 0;  ///< Time it took; 0 when it was found finished.
  bool kept = false;   ///< Found finished.
  std::vector<std::string> notices;
};

/// Makes every job's picture in `options.folder`, one line per picture in the manifest there (file,
/// settings, model, seconds). All settings are checked before the first picture. A picture appears under its
/// name only when it is whole, its line only after it; when the run is stopped or fails, what was made stays.
/// Throws invalid_input when the folder cannot be written, holds a manifest (without `resume`), or holds
/// another picture, or one that other weights made, under a job's name.
LATENTDIAL_API std::vector<JobResult> run_jobs(const Pipeline& pipeline, const std::vector<Job>& jobs,
                                               const SweepOptions& options);

/// What `merge_shards` found.
struct Merged {
  int pictures = 0;  ///< In the folder and its manifest.
  int moved = 0;     ///< Of them, those that were elsewhere before.
};

/// Brings what shards have made into one folder: every picture of the plan once, and one `manifest.jsonl` in
/// the plan's order. Pictures of `folders` are linked, or copied across file systems; nothing there is
/// changed. `folder` may be among them, and merging again changes nothing. Needs no model. Throws
/// invalid_input, before anything is written, when pictures of the plan are missing or not whole, or when two
/// shards were made by different models or weights or hold different pictures under one name.
LATENTDIAL_API Merged merge_shards(const std::vector<Job>& jobs,
                                   const std::vector<std::filesystem::path>& folders,
                                   const std::filesystem::path& folder);

}  // namespace latentdial
