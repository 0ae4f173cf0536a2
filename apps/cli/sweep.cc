#include "latentdial/sweep.h"

#include <fmt/format.h>

#include <cstring>
#include <memory>
#include <string>

#include "commands.h"
#include "interrupt.h"
#include "latentdial/error.h"
#include "options.h"
#include "output.h"
#include "progress.h"
#include "ray_sweep.h"

namespace latentdial::cli {
namespace {

struct SweepCommand {
  std::string plan;
  std::string out = "out/sweep";
  std::string shard = "1/1";
  std::string ray;  ///< Address of the cluster; empty: this machine makes the pictures.
  bool resume = false;
  bool allow_paths = false;
  ModelOptions engine;
  OutputOptions output;

  void run() const {
    const Shard part = parse_shard(shard);
    const auto jobs = jobs_of(part, read_plan(plan, allow_paths));
    const std::string manifest = manifest_name(part);
    for (const Job& job : jobs) validate(job.settings);
    if (!ray.empty()) run_on_ray(part);
    const Pipeline pipeline = load_pipeline(engine, output);
    std::vector<JobResult> results;
    {
      ProgressLine line(output.quiet);
      const auto show = [&](const SweepProgress& progress) {
        line.show(progress);
        poll_interrupts();
      };
      results = run_jobs(pipeline, jobs,
                         {.folder = out,
                          .resume = resume,
                          .manifest = manifest,
                          .on_progress = show,
                          .stop = interrupt_token()});
    }
    for (const auto& result : results)
      report_picture(output, (std::filesystem::path(out) / result.file).string(), result);
    report_path(output, "manifest", (std::filesystem::path(out) / manifest).string());
    report_profile(output, pipeline);
  }

 private:
  void run_on_ray(const Shard& part) const {
    const auto refuse = [](bool given, const char* option, const char* why) {
      if (given) throw invalid_input(option, fmt::format("{}; leave it out with --ray", why));
    };
    refuse(part.count > 1, "shard", "Ray shares the plan out among the machines itself");
    refuse(engine.profile, "profile", "it times the operations of this machine, not of Ray's");
    refuse(output.verbose, "verbose", "it tells of this machine, not of Ray's");
    become_ray_driver({plan, out, ray, resume, allow_paths, engine, output});
  }
};

/// The names that a plan may use, in lines that a help text can hold.
std::string setting_names() {
  std::string names;
  std::size_t line = 0;
  Settings settings;
  visit_settings(settings, [&](const Option& option, const auto&) {
    if (!names.empty()) names += line > 90 ? ",\n" : ", ";
    line = line > 90 ? 0 : line + std::strlen(option.name) + 2;
    names += option.name;
  });
  return names;
}

}  // namespace

void add_sweep(CLI::App& app, Run& run) {
  auto* command = app.add_subcommand("sweep", "All pictures of a plan, one line each in manifest.jsonl");
  auto c = std::make_shared<SweepCommand>();
  add_text(*command, "PLAN", c->plan, "JSON file: {\"settings\": {…}, \"grid\": {…}}, or a list of these")
      ->required();
  add_text(*command, "-o,--out", c->out, "Folder of the pictures (default: out/sweep)");
  command->add_flag("--resume", c->resume, "Keep what an earlier run made and make only what is missing");
  command->add_flag(
      "--allow-paths", c->allow_paths,
      "Take pictures, masks, dials and networks that the plan names from anywhere; without it only from the "
      "plan's folder and those below, links followed");
  add_text(
      *command, "--shard", c->shard,
      "Make only the I-th of N parts, as I/N with I from 1 to N: one for each of N machines, in one shared "
      "folder or in folders of their own, which latentdial merge brings together");
  const auto read_address = [c](const std::string& address) {
    if (address.empty()) throw invalid_input("ray", "the address is empty; use HOST:PORT, auto or local");
    c->ray = address;
  };
  command
      ->add_option_function<std::string>(
          "--ray", read_address,
          "Make the pictures on the Ray cluster at HOST:PORT; auto: the one that this machine belongs to, "
          "local: this machine alone. --threads are then the cores of each loaded model. Needs the Python "
          "package with Ray, in python3 or in $LATENTDIAL_PYTHON")
      ->type_name("ADDRESS");
  add_engine_options(*command, c->engine);
  add_output_options(*command, c->output);
  command->footer("Settings are named as in manifest.jsonl: " + setting_names() +
                  ".\n\n"
                  "Example of a plan, two prompts × three seeds × eleven positions:\n"
                  "  {\"settings\": {\"style\": \"Monet style\", \"steps\": 20},\n"
                  "   \"grid\": {\"prompt\": [\"a dog\", \"a temple\"], \"seed\": \"0:2:3\", \"position\": "
                  "\"0:1:11\"}}\n\n"
                  "Examples:\n"
                  "  latentdial sweep plan.json --out out/monet\n"
                  "  latentdial sweep plan.json --out out/monet --resume\n"
                  "  latentdial sweep plan.json --out out/monet --shard 3/8\n"
                  "  latentdial sweep plan.json --out out/monet --ray auto\n");
  command->callback([c, &run] { run = [c] { c->run(); }; });
}

}  // namespace latentdial::cli
