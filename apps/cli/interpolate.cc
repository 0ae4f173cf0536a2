#include <memory>

#include "commands.h"
#include "latentdial/error.h"
#include "options.h"
#include "strip.h"

namespace latentdial::cli {
namespace {

struct InterpolateCommand {
  Settings settings;
  EngineOptions engine;
  OutputOptions output;
  std::string theta = "0:1:7";
  std::string out;

  void run() const {
    if (settings.prompt.empty())
      throw invalid_input(
          "--from: no prompt is given; say where to start, as in --from \"a dog\" --to \"a cat\"");
    if (settings.to_prompt.empty() && settings.to_seed < 0)
      throw invalid_input("--to: no other end is given; use --to PROMPT, --to-seed N or both");
    const Strip strip = interpolation_strip(settings, read_range("--theta", theta, 0, 1));
    const Pipeline pipeline = load_pipeline(engine, output);
    make_strips(
        pipeline, {strip},
        out.empty() ? default_folder("interpolate", pipeline.info().name, strip) : std::filesystem::path(out),
        output);
  }
};

}  // namespace

void add_interpolate(CLI::App& app, Run& run) {
  auto* command =
      app.add_subcommand("interpolate", "A strip of pictures from one prompt, or seed, to another");
  auto c = std::make_shared<InterpolateCommand>();
  add_text(*command, "--from", c->settings.prompt, "Prompt at the first end");
  add_settings(*command, c->settings, {"prompt", "style", "position", "method", "per_token", "theta"});
  add_text(*command, "--theta", c->theta,
           "Positions A:B:N, N values from A to B; or one number; 0 to 1 (default: 0:1:7)");
  add_text(*command, "-o,--out", c->out,
           "Folder of the strip (default: out/interpolate-…, named by the settings)");
  add_engine_options(*command, c->engine);
  add_output_options(*command, c->output);
  command->footer(
      "Writes frame-000.png …, strip.png and manifest.jsonl. Run again, it makes only what is missing.\n\n"
      "Examples:\n"
      "  latentdial interpolate --from \"a dog\" --to \"a cat\" --theta 0:1:7\n"
      "  latentdial interpolate --from \"a city\" --seed 1 --to-seed 2          the same prompt, from one "
      "noise to another\n");
  command->callback([c, &run] { run = [c] { c->run(); }; });
}

}  // namespace latentdial::cli
