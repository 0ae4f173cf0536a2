#include "latentdial/sweep.h"

#include <memory>

#include "commands.h"
#include "interrupt.h"
#include "latentdial/error.h"
#include "options.h"
#include "output.h"
#include "progress.h"

namespace latentdial::cli {
namespace {

struct SweepCommand {
  std::string plan;
  std::string out = "out/sweep";
  bool resume = false;
  EngineOptions engine;
  OutputOptions output;

  void run() const {
    const auto jobs = read_plan(plan);
    for (const Job& job : jobs) validate(job.settings);
    const Pipeline pipeline = load_pipeline(engine, output);
    std::vector<JobResult> results;
    {
      ProgressLine line(output.quiet);
      const auto show = [&](const SweepProgress& progress) {
        line.show(progress);
        poll_interrupts();
      };
      results = run_jobs(pipeline, jobs,
                         {.folder = out, .resume = resume, .on_progress = show, .stop = interrupt_token()});
    }
    for (const auto& result : results)
      report_picture(output, (std::filesystem::path(out) / result.file).string(), result);
    report_path(output, "manifest", (std::filesystem::path(out) / "manifest.jsonl").string());
    report_profile(output, pipeline);
  }
};

}  // namespace

void add_sweep(CLI::App& app, Run& run) {
  auto* command = app.add_subcommand("sweep", "All pictures of a plan, one line each in manifest.jsonl");
  auto c = std::make_shared<SweepCommand>();
  add_text(*command, "PLAN", c->plan, "JSON file: {\"settings\": {…}, \"grid\": {…}}, or a list of these")
      ->required();
  add_text(*command, "-o,--out", c->out, "Folder of the pictures (default: out/sweep)");
  command->add_flag("--resume", c->resume, "Keep what an earlier run made and make only what is missing");
  add_engine_options(*command, c->engine);
  add_output_options(*command, c->output);
  command->footer(
      "Settings are named as in manifest.jsonl: prompt, negative_prompt, steps, sampler, scheduler, "
      "guidance_scale, guidance_start, guidance_end, seed, width,\n"
      "height, image, strength, style, position, method, style_start, style_end, per_token, to_prompt, "
      "to_seed, theta.\n\n"
      "Example of a plan, two prompts × three seeds × eleven positions:\n"
      "  {\"settings\": {\"style\": \"Monet style\", \"steps\": 20},\n"
      "   \"grid\": {\"prompt\": [\"a dog\", \"a temple\"], \"seed\": \"0:2:3\", \"position\": "
      "\"0:1:11\"}}\n\n"
      "Examples:\n"
      "  latentdial sweep plan.json --out out/monet\n"
      "  latentdial sweep plan.json --out out/monet --resume\n");
  command->callback([c, &run] { run = [c] { c->run(); }; });
}

}  // namespace latentdial::cli
