#pragma once

#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "latentdial/pipeline.h"
#include "latentdial/sweep.h"

namespace latentdial::cli {

/// How a command speaks: results on stdout, everything else on stderr.
struct OutputOptions {
  bool json = false;
  bool quiet = false;
  bool verbose = false;
};

void add_output_options(CLI::App& command, OutputOptions& options);

/// A line for people or, as JSON, for programs, whatever a file or a prompt in it holds: escape_controls.
void print_line(std::FILE* to, std::string_view line);
/// A result on stdout, for programs.
void print_json(const nlohmann::ordered_json& object);

/// Loads the model and, with -v, says what it is and what computes.
[[nodiscard]] Pipeline load_pipeline(const ModelOptions& options, const OutputOptions& output);

/// One line on stderr, unless quiet; the same line once.
void notice(const OutputOptions& output, const std::string& text);

/// One finished picture on stdout: its path, or with --json one object per line.
void report_picture(const OutputOptions& output, const std::string& path, const JobResult& result);

/// With --profile, where the time went: a table on stderr, or with --json one object per line on stdout.
void report_profile(const OutputOptions& output, const Pipeline& pipeline);

/// A path of another result (a strip, a manifest) on stdout: `{"KIND": PATH}` with --json.
void report_path(const OutputOptions& output, const std::string& kind, const std::string& path);

}  // namespace latentdial::cli
