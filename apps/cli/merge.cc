#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "commands.h"
#include "latentdial/sweep.h"
#include "options.h"
#include "output.h"

namespace latentdial::cli {
namespace {

struct MergeCommand {
  std::string plan;
  std::vector<std::string> folders;
  std::string out = "out/sweep";
  OutputOptions output;

  void run() const {
    const auto jobs = read_plan(plan, true);  // No file that it names is opened.
    const std::vector<std::filesystem::path> from(folders.begin(), folders.end());
    const Merged merged = merge_shards(jobs, from, out);
    notice(output, std::to_string(merged.pictures) + " pictures, " + std::to_string(merged.moved) +
                       " of them brought from elsewhere");
    report_path(output, "manifest", (std::filesystem::path(out) / "manifest.jsonl").string());
  }
};

}  // namespace

void add_merge(CLI::App& app, Run& run) {
  auto* command = app.add_subcommand("merge", "The shards of a sweep in one folder, with one manifest.jsonl");
  auto c = std::make_shared<MergeCommand>();
  add_text(*command, "PLAN", c->plan, "The plan that the shards were made of")->required();
  command->add_option("FOLDERS", c->folders,
                      "Folders of the shards; nothing in them is changed (default: the one of --out)");
  add_text(*command, "-o,--out", c->out,
           "Folder of all pictures, on the same disk without a copy (default: out/sweep)");
  add_output_options(*command, c->output);
  command->footer(
      "Every picture of the plan must be there, whole; otherwise nothing is written.\n\n"
      "Examples:\n"
      "  latentdial merge plan.json --out out/monet                          # shards that shared the "
      "folder\n"
      "  latentdial merge plan.json machine-1 machine-2 --out out/monet\n");
  command->callback([c, &run] { run = [c] { c->run(); }; });
}

}  // namespace latentdial::cli
