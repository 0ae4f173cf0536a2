#include "latentdial/calibrate.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "commands.h"
#include "interrupt.h"
#include "latentdial/error.h"
#include "options.h"
#include "output.h"
#include "progress.h"

namespace latentdial::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

struct CalibrateCommand {
  CalibrationOptions options;
  std::size_t seeds = CalibrationOptions().seeds.size();
  ModelOptions engine;
  OutputOptions output;
  std::string out;

  bool install = false;

  /// The file to write. Throws invalid_input where it cannot be.
  [[nodiscard]] fs::path dial_path(const ModelInfo& model) const {
    const std::string name = dial_file_name(options.settings.style);
    const fs::path path = install       ? dial_folder(model.path) / name
                          : out.empty() ? fs::path(name)
                                        : fs::path(out);
    const fs::path folder = path.parent_path().empty() ? fs::path(".") : path.parent_path();
    std::error_code fault;
    fs::create_directories(folder, fault);
    if (fault || access(folder.c_str(), W_OK | X_OK) != 0)
      throw invalid_input(install ? "install" : "out",
                          fmt::format("{} cannot be written to", folder.string()));
    return path;
  }

  /// How long it will take, once the first pictures are made.
  void announce(int pictures, double seconds) const {
    const double each = seconds / pictures, all = each * most_pictures(options);
    const std::string end =
        all < 90 ? fmt::format("up to {:.0f} s", all) : fmt::format("up to {:.0f} min", all / 60);
    print_line(stderr, fmt::format("at most {} pictures, about {:.1f} s each here: {}",
                                   most_pictures(options), each, end));
  }

  [[nodiscard]] static ordered_json to_json(const ResponsePoint& point) {
    ordered_json object = {{"strength", point.strength}, {"mean", point.mean}, {"spread", point.spread}};
    if (point.content) object["content"] = *point.content;
    return object;
  }

  void report_json(const std::string& path, const Calibration& found) const {
    ordered_json object = {{"dial", path},
                           {"high", found.dial.high()},
                           {"reason", found.dial.reason},
                           {"pictures", found.pictures},
                           {"used", found.used},
                           {"response", ordered_json::array()}};
    for (const ResponsePoint& point : found.response) object["response"].push_back(to_json(point));
    print_json(object);
  }

  void report(const std::string& path, const Calibration& found) const {
    if (output.json) return report_json(path, found);
    print_line(stdout, path);
    if (output.quiet) return;
    const auto say = [](const std::string& line) { print_line(stderr, line); };
    say(fmt::format("How \"{}\" usually shows, as the model's own meter reads it on {} scenes:",
                    options.settings.style, found.used));
    for (const DialPoint& point : found.dial.points)
      say(fmt::format("  {:3.0f} % at strength {}", 100 * point.position, point.strength));
    say(fmt::format("The dial goes up to {:.0f} %: {}", 100 * found.dial.high(), found.dial.reason));
    if (!install)
      say(fmt::format("Turn it: latentdial dial -p \"…\" --style \"{}\" --dial {}", options.settings.style,
                      path));
    if (output.verbose) say(fmt::format("{} pictures were made", found.pictures));
  }

  void run() {
    options.seeds.clear();
    for (std::size_t i = 0; i < seeds; ++i) options.seeds.push_back(options.settings.seed + i);
    validate(options);
    if (!install) (void)dial_path({});
    const Pipeline pipeline = load_pipeline(engine, output);
    const std::string path = dial_path(pipeline.info()).string();
    const auto started = std::chrono::steady_clock::now();
    Calibration found;
    {
      ProgressLine line(output.quiet);
      bool announced = output.quiet;
      const int most = most_pictures(options);
      options.stop = interrupt_token();
      options.on_step = [](const StepProgress&) { poll_interrupts(); };
      options.on_picture = [&](int pictures) {
        const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started;
        if (!std::exchange(announced, true)) announce(pictures, seconds.count());
        line.show({.picture = pictures,
                   .pictures = most,
                   .step = {},
                   .share = static_cast<double>(pictures) / most});
      };
      found = calibrate(pipeline, options);
    }
    write_dial(path, found.dial);
    report(path, found);
    report_profile(output, pipeline);
  }
};

}  // namespace

void add_calibrate(CLI::App& app, Run& run) {
  auto* command = app.add_subcommand(
      "calibrate", "Finds out how a style usually shows on this model, and how far beyond 100 % it goes");
  auto c = std::make_shared<CalibrateCommand>();
  command
      ->add_option_function<std::vector<std::string>>(
          "-p,--prompt", [c](const std::vector<std::string>& texts) { c->options.prompts = texts; },
          "What the pictures show, without the style; give several, each with -p (default: four plain "
          "scenes)")
      ->type_name("TEXT");
  add_settings(*command, c->options.settings, {std::begin(kNotCalibrated), std::end(kNotCalibrated)});
  command->add_option("--seeds", c->seeds, "Seeds per prompt, from --seed on, 1 to 100 (default: 1)")
      ->check(CLI::Range(std::size_t{1}, kMostSeeds));
  auto* file = add_text(*command, "-o,--out", c->out, "Dial file to write (default: STYLE.dial.json)");
  command
      ->add_flag(
          "--install", c->install,
          "Write it into the model's own folder, where dial, the server and its page find it for the style")
      ->excludes(file);
  add_engine_options(*command, c->engine);
  add_output_options(*command, c->output);
  command->footer(
      "Makes pictures without the style, with it, and at strengths between and beyond, reads them with the "
      "meter (latentdial measure) and writes how much each shows. The dial needs no such file: it finds its "
      "way on every picture. With one it knows the usual course, too, and goes on past 100 %.\n\n"
      "Examples:\n"
      "  latentdial calibrate --style \"pencil drawing\" -m path/to/stable-diffusion-v1-4 --install\n"
      "  latentdial calibrate --style \"Monet style\" -o monet.dial.json\n"
      "  latentdial dial -p \"a temple\" --style \"Monet style\" --dial monet.dial.json\n"
      "  latentdial calibrate --style cyberpunk -p \"a street\" -p \"a portrait of a woman\" --seeds 4\n");
  command->callback([c, &run] { run = [c] { c->run(); }; });
}

}  // namespace latentdial::cli
