#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "commands.h"
#include "explain.h"
#include "jumps.h"
#include "latentdial/error.h"
#include "options.h"
#include "strip.h"

namespace latentdial::cli {
namespace {

namespace fs = std::filesystem;

constexpr double kFurthestPosition = 4;

struct DialCommand {
  Settings settings;
  ModelOptions engine;
  OutputOptions output;
  std::string at = "0:1:11";
  std::string refined;
  int draft_steps = 0;
  bool explained = false;
  std::string out;
  const CLI::App* command = nullptr;

  [[nodiscard]] Strip strip_at(const std::string& flag, const std::string& positions, int steps) const {
    Settings s = settings;
    s.steps = steps;
    return dial_strip(s, read_range(flag, positions, -kFurthestPosition, kFurthestPosition));
  }

  void check_draft() const {
    if (draft_steps == 0 && !refined.empty())
      throw invalid_input("refine", "there is no draft to refine; say in how many steps, as in --draft 8");
    if (draft_steps != 0 && (draft_steps < 1 || draft_steps >= settings.steps))
      throw invalid_input("draft", fmt::format("{} is out of range, use 1 to {}, fewer than --steps",
                                               draft_steps, settings.steps - 1));
  }

  void run() const {
    if (settings.style.empty())
      throw invalid_input("style",
                          "no style is given; say what the dial turns, as in --style \"Monet style\"");
    require_prompt(*command, settings);
    check_draft();
    const Strip whole = strip_at("position", at, settings.steps);
    const Strip strip = refined.empty() ? whole : strip_at("refine", refined, settings.steps);
    const Pipeline pipeline = load_pipeline(engine, output);
    const fs::path folder = out.empty() ? default_folder("dial", pipeline.info().name, whole) : fs::path(out);
    if (draft_steps != 0 && fs::is_symlink(folder / "draft"))
      throw invalid_input("out", fmt::format("{} is a link", (folder / "draft").string()));
    if (draft_steps != 0)
      make_strips(pipeline, {strip_at("position", at, draft_steps)}, folder / "draft", output);
    make_strips(pipeline, {strip}, folder, output);
    warn_of_jump(strip, folder, output);
    if (explained) explain_strip(pipeline, strip, folder, output);
  }
};

/// Every method of the dial and what it does, in lines that a help text can hold.
std::string method_list() {
  std::string lines;
  for (const MethodInfo& method : dial_methods())
    lines += fmt::format("  {:<23}{}{}\n", method.name, method.summary,
                         method.peer ? " (somebody else's, to compare with)" : "");
  return lines;
}

}  // namespace

void add_dial(CLI::App& app, Run& run) {
  auto* command = app.add_subcommand("dial", "A strip of pictures from none of a style to all of it");
  auto c = std::make_shared<DialCommand>();
  c->command = command;
  add_settings(*command, c->settings,
               {"position", "to_prompt", "to_seed", "to_image", "to_reference", "theta"});
  add_text(*command, "--at", c->at,
           "Dial positions A:B:N, N values from A to B; or one number; -4 to 4 (default: 0:1:11)");
  command->add_option("--draft", c->draft_steps,
                      "First the whole strip in so few steps, in the folder's draft/, to be looked at while "
                      "the strip itself is made; fewer than --steps");
  add_text(*command, "--refine", c->refined,
           "After --draft, the positions to be made in all steps, as --at has them (default: all of them)");
  add_text(*command, "-o,--out", c->out, "Folder of the strip (default: out/dial-…, named by the settings)");
  command->add_flag(
      "--explain", c->explained,
      "Also explain.png and explain.json: what the meter reads, where the picture changed and how");
  add_engine_options(*command, c->engine);
  add_output_options(*command, c->output);
  command->footer(
      "Writes frame-000.png …, strip.png and manifest.jsonl. Run again, it makes only what is missing.\n\n"
      "Methods, by --method:\n" +
      method_list() +
      "\nThe default finds its way on each picture: a position is the share of the way from the plain "
      "picture to the styled one\nthat lies behind it. It needs no dial file; with one it goes on past 1.\n"
      "\nExamples:\n"
      "  latentdial dial -p \"a temple in the jungle\" --style \"Monet style\"\n"
      "  latentdial dial -p \"a city\" --style cyberpunk --at 0:0.4:5 --seed 3 --explain\n"
      "  latentdial dial -p \"a city\" --style sketch --draft 8 --refine 0.4:0.6:3   a look first\n"
      "  latentdial dial -p \"a temple, Monet style\" --style \"Monet style\" --at 0:-1:6   weaken it\n"
      "  latentdial dial -p \"a temple in the jungle\" --style \"Monet style\" --method slerp --at 0:0.5:6   "
      "the paper's\n"
      "  latentdial dial -p \"a dog in the meadow\" --style sunset --mask-words dog   on the dog alone\n"
      "  latentdial dial --image photo.jpg --invert -p \"a house on the beach\" --style sunset   your own "
      "picture\n");
  command->callback([c, &run] { run = [c] { c->run(); }; });
}

}  // namespace latentdial::cli
