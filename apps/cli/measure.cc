#include <fmt/format.h>

#include <cstddef>
#include <memory>
#include <nlohmann/json.hpp>

#include "commands.h"
#include "interrupt.h"
#include "latentdial/error.h"
#include "options.h"
#include "output.h"
#include "progress.h"

namespace latentdial::cli {
namespace {

using nlohmann::ordered_json;

struct MeasureCommand {
  std::vector<std::string> paths;
  Measurement measurement;
  bool samples = false;
  ModelOptions engine;
  OutputOptions output;

  void report(const std::string& path, const Reading& reading) const {
    if (!output.json) {
      print_line(stdout, fmt::format("{}: {:.1f} % ± {:.1f}", path, 100 * reading.strength,
                                     200 * reading.standard_error));
      return;
    }
    ordered_json object = {
        {"file", path}, {"strength", reading.strength}, {"standard_error", reading.standard_error}};
    for (const auto& sample : reading.samples) {
      if (!samples) break;
      object["samples"].push_back({{"timestep", sample.timestep},
                                   {"projection", sample.projection},
                                   {"length", sample.length},
                                   {"residual", sample.residual}});
    }
    print_json(object);
  }

  void run() const {
    std::vector<Image> pictures;
    for (const auto& path : paths) pictures.push_back(read_image(path));
    const Pipeline pipeline = load_pipeline(engine, output);
    std::vector<Reading> readings;
    {
      ProgressLine line(output.quiet);
      Observer observer;
      observer.stop = interrupt_token();
      observer.on_step = [&](const StepProgress& step) {
        line.show({.picture = 0, .pictures = 1, .step = step});
        poll_interrupts();
      };
      readings = pipeline.measure(pictures, measurement, observer);
    }
    for (std::size_t i = 0; i < paths.size(); ++i) report(paths[i], readings[i]);
    report_profile(output, pipeline);
  }
};

}  // namespace

void add_measure(CLI::App& app, Run& run) {
  auto* command = app.add_subcommand("measure", "How much of a style a picture shows, from 0 to 100 %");
  auto c = std::make_shared<MeasureCommand>();
  command->add_option("PICTURE", c->paths, "PNG, JPEG or WebP; several may be given")->required();
  add_text(*command, "--style", c->measurement.style, "The style, or any described feature, to look for");
  add_text(*command, "-p,--prompt", c->measurement.prompt,
           "What the picture shows, without the style; the better it fits, the better the reading");
  command->add_option("--evaluations", c->measurement.evaluations,
                      "U-Net evaluations per picture, even, 2 to 1000 (default: 16)");
  command->add_option("--seed", c->measurement.seed, "Seed of the noise that the meter works with");
  command->add_flag("--samples", c->samples, "With --json, what each noised copy of the picture says");
  add_engine_options(*command, c->engine);
  add_output_options(*command, c->output);
  command->footer(
      "Examples:\n"
      "  latentdial measure temple.png --style \"Monet style\" -p \"a temple in the jungle\"\n"
      "  latentdial measure frame-*.png --style cyberpunk -p \"a city\" --json\n");
  command->callback([c, &run] { run = [c] { c->run(); }; });
}

}  // namespace latentdial::cli
