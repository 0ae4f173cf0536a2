#include "latentdial/calibrate.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
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

namespace fs = std::filesystem;
using nlohmann::ordered_json;

struct CalibrateCommand {
  CalibrationOptions options;
  std::size_t seeds = CalibrationOptions().seeds.size();
  ModelOptions engine;
  OutputOptions output;
  std::string out;

  void check_out() const {
    if (out.empty()) return;
    const fs::path folder = fs::path(out).parent_path().empty() ? fs::path(".") : fs::path(out).parent_path();
    std::error_code fault;
    fs::create_directories(folder, fault);
    if (fault || access(folder.c_str(), W_OK | X_OK) != 0)
      throw invalid_input("out", fmt::format("{} cannot be written to", folder.string()));
  }

  void report(const std::string& path, const Calibration& found) const {
    const EditRecipe& recipe = found.dial.strengthen.recipe;
    if (output.json) {
      ordered_json object = {{"dial", path},
                             {"style_start", recipe.start},
                             {"style_passes", recipe.passes},
                             {"style_guidance", recipe.guidance},
                             {"colours_first", !recipe.colours.empty()},
                             {"low", found.dial.low()},
                             {"high", found.dial.high()},
                             {"pictures", found.pictures},
                             {"used", found.used}};
      for (const auto* side : {&found.strengthen, &found.weaken}) {
        auto& list = object[side == &found.strengthen ? "strengthen" : "weaken"] = ordered_json::array();
        for (const auto& point : *side)
          list.push_back({{"strength", point.strength},
                          {"mean", point.mean},
                          {"spread", point.spread},
                          {"content", point.content},
                          {"share", point.share}});
      }
      print_json(object);
      return;
    }
    print_line(stdout, path);
    if (output.quiet) return;
    print_line(
        stderr,
        fmt::format(
            "{}the style acts from {:.0f} % of the steps on, gone through {} times at {} of the guidance; {} "
            "pictures, {} prompts and seeds used",
            recipe.colours.empty()
                ? ""
                : "the picture's colours and outlines are brought into the style, which needs no content "
                  "budget; then ",
            100 * recipe.start, recipe.passes, recipe.guidance, found.pictures, found.used));
    print_line(stderr,
               fmt::format("up to {:.0f} %: {}", 100 * found.dial.high(), found.dial.strengthen.reason));
    print_line(stderr, fmt::format("down to {:.0f} %: {}", 100 * found.dial.low(), found.dial.weaken.reason));
  }

  void run() {
    options.seeds.clear();
    for (std::size_t i = 0; i < seeds; ++i) options.seeds.push_back(options.settings.seed + i);
    validate(options);
    check_out();
    const Pipeline pipeline = load_pipeline(engine, output);
    Calibration found;
    {
      ProgressLine line(output.quiet);
      options.stop = interrupt_token();
      options.on_step = [](const StepProgress&) { poll_interrupts(); };
      options.on_picture = [&](int pictures) {
        line.show({.picture = pictures, .pictures = pictures, .step = {}});
      };
      found = calibrate(pipeline, options);
    }
    const std::string path = out.empty() ? dial_file_name(options.settings.style) : out;
    write_dial(path, found.dial);
    report(path, found);
    report_profile(output, pipeline);
  }
};

}  // namespace

void add_calibrate(CLI::App& app, Run& run) {
  auto* command =
      app.add_subcommand("calibrate", "Fits the dial to a style once, so that 50 % shows half of it");
  auto c = std::make_shared<CalibrateCommand>();
  command
      ->add_option_function<std::vector<std::string>>(
          "-p,--prompt", [c](const std::vector<std::string>& texts) { c->options.prompts = texts; },
          "What the pictures show, without the style; give several, each with -p (default: four plain "
          "scenes)")
      ->type_name("TEXT");
  add_settings(
      *command, c->options.settings,
      {"prompt", "position", "method", "dial", "style_start", "style_end", "style_passes", "style_guidance",
       "style_mask", "mask_words", "per_token", "to_prompt", "to_seed", "theta", "image", "strength"});
  command->add_option(
      "--content-budget", c->options.content_budget,
      "How far the scene may move before the range ends, in distances between two seeds' "
      "scenes as the model sees them, 0 to 100 (default: 2; 0: no limit); no matter to an edit that "
      "begins with the picture's own colours and outlines");
  command->add_option("--seeds", c->seeds, "Seeds per prompt, from --seed on, 1 to 100 (default: 3)")
      ->check(CLI::Range(std::size_t{1}, kMostSeeds));
  add_text(*command, "-o,--out", c->out, "Dial file to write (default: STYLE.dial.json)");
  add_engine_options(*command, c->engine);
  add_output_options(*command, c->output);
  command->footer(
      "Makes pictures without the style, with it, and edited to it, reads them with the meter (latentdial "
      "measure) and writes how they are to be made and how much each shows.\n\n"
      "Examples:\n"
      "  latentdial calibrate --style \"Monet style\" -o monet.dial.json\n"
      "  latentdial dial -p \"a temple\" --style \"Monet style\" --method calibrated --dial monet.dial.json\n"
      "  latentdial calibrate --style cyberpunk -p \"a street\" -p \"a portrait of a woman\" --seeds 4\n");
  command->callback([c, &run] { run = [c] { c->run(); }; });
}

}  // namespace latentdial::cli
