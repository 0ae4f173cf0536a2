#include "output.h"

#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>

#include "latentdial/json.h"
#include "latentdial/parameters.h"
#include "latentdial/text.h"

namespace latentdial::cli {

using nlohmann::ordered_json;

void print_line(std::FILE* to, std::string_view line) {
  fmt::print(to, "{}\n", escape_controls(line));
}

void print_json(const ordered_json& object) {
  print_line(stdout, json_line(object));
}

void add_output_options(CLI::App& command, OutputOptions& options) {
  command.add_flag("--json", options.json, "Results as JSON, one object per line");
  command.add_flag("-q,--quiet", options.quiet, "No progress and no notices");
  command.add_flag("-v,--verbose", options.verbose,
                   "Say what was loaded, what computes, and how long each picture took");
}

Pipeline load_pipeline(const ModelOptions& options, const OutputOptions& output) {
  Pipeline pipeline = Pipeline::load(options);
  const ModelInfo& info = pipeline.info();
  if (output.verbose)
    print_line(stderr, fmt::format("{} ({}, {:.1f} M weights{}) on {}", info.path, info.format,
                                   static_cast<double>(info.parameters) / 1e6,
                                   info.decoder.empty() ? "" : ", decoded by " + info.decoder, info.device));
  for (const auto& line : info.notices) notice(output, line);
  for (const auto& line : info.loras) notice(output, line);
  for (const auto& [word, vectors, width] : info.embeddings)
    notice(output, fmt::format("\"{}\" is a word of prompts, of {} learnt vectors", word, vectors));
  if (!info.unused_tensors.empty()) {
    notice(output, fmt::format("{}: {} tensors are not part of the model and were left out, the first is {}",
                               info.path, info.unused_tensors.size(), info.unused_tensors.front()));
  }
  return pipeline;
}

void notice(const OutputOptions& output, const std::string& text) {
  static std::set<std::string> said;  // The frames of a strip have the same to say.
  if (!output.quiet && said.insert(text).second) print_line(stderr, "notice: " + text);
}

void report_picture(const OutputOptions& output, const std::string& path, const JobResult& result) {
  for (const auto& line : result.notices) notice(output, line);
  if (output.json) {
    ordered_json object = {{"file", path}, {"seconds", result.seconds}, {"kept", result.kept}};
    object["notices"] = result.notices;
    object["settings"] = parse_json<ordered_json>(to_json(result.settings));
    print_json(object);
    return;
  }
  print_line(stdout, path);
  if (output.verbose)
    print_line(stderr,
               fmt::format("{}: {}", path, result.kept ? "kept" : fmt::format("{:.2f} s", result.seconds)));
}

void report_profile(const OutputOptions& output, const Pipeline& pipeline) {
  const auto rows = pipeline.profile();
  double seconds = 0, flop = 0;
  for (const auto& row : rows) {
    seconds += row.seconds;
    flop += row.flop;
    if (!output.json) continue;
    print_json({{"operation", row.operation},
                {"shapes", row.shapes},
                {"calls", row.calls},
                {"seconds", row.seconds},
                {"gflops", row.flop / row.seconds * 1e-9}});
  }
  if (rows.empty() || output.json) return;
  fmt::print(stderr, "{:>9} {:>6} {:>8}  operation\n", "seconds", "calls", "GFLOP/s");
  const auto rate = [](double work, double time) {
    return work == 0 ? std::string("-") : fmt::format("{:.0f}", work / time * 1e-9);
  };
  for (const auto& row : rows) {
    fmt::print(stderr, "{:9.3f} {:6} {:>8}  {} {}\n", row.seconds, row.calls, rate(row.flop, row.seconds),
               row.operation, row.shapes);
  }
  fmt::print(stderr, "{:9.3f} {:>6} {:>8}  all\n", seconds, "", rate(flop, seconds));
}

void report_path(const OutputOptions& output, const std::string& kind, const std::string& path) {
  if (output.json) {
    print_json({{kind, path}});
  } else {
    print_line(stdout, path);
  }
}

}  // namespace latentdial::cli
