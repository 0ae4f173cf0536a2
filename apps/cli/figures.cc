#include <fmt/format.h>

#include <memory>

#include "commands.h"
#include "latentdial/strip.h"
#include "options.h"
#include "strip.h"

namespace latentdial::cli {
namespace {

/// One figure of the paper, with its prompts word for word.
struct Figure {
  int number;
  const char* prompt;
  const char* other;   ///< Figure 5: the other end; else the style.
  const char* method;  ///< Empty: interpolation between the two prompts.
  double last;         ///< Positions run from 0 to here.
  int frames;
};

constexpr Figure kFigures[] = {
    {5, "a dog", "a cat", "", 1, 7},
    {6, "doomsday pyramid cyberpunk alien invasion", "cyberpunk", "slerp", 0.5, 6},
    {7, "futuristic high tech city architecture", "futuristic high tech", "slerp", 0.5, 6},
    {8, "temple hidden in the jungle Monet style", "Monet style", "slerp", 0.5, 6},
    {9, "temple hidden in the jungle Monet style", "Monet style", "slerp-diff", -0.5, 6},
};

Strip strip_of(const Figure& figure, Settings settings) {
  std::vector<double> positions;
  for (int i = 0; i < figure.frames; ++i) positions.push_back(figure.last * i / (figure.frames - 1));
  settings.prompt = figure.prompt;
  const std::string method = figure.method;
  (method.empty() ? settings.to_prompt : settings.style) = figure.other;
  settings.method = method;
  Strip strip = method.empty() ? interpolation_strip(settings, positions) : dial_strip(settings, positions);
  strip.folder = fmt::format("figure-{}", figure.number);
  strip.title = fmt::format("Figure {}: {}", figure.number, strip.title);
  return strip;
}

struct FiguresCommand {
  Settings settings;
  ModelOptions engine;
  OutputOptions output;
  std::string out = "out/figures";

  void run() const {
    std::vector<Strip> strips;
    for (const Figure& figure : kFigures) strips.push_back(strip_of(figure, settings));
    const Pipeline pipeline = load_pipeline(engine, output);
    const auto sheets = make_strips(pipeline, strips, out, output);
    std::vector<StripFrame> rows;
    for (const Image& sheet : sheets) rows.push_back({sheet, {}});
    const auto path = std::filesystem::path(out) / "figures.png";
    write_png(path, draw_strip("", rows, 1), "");
    report_path(output, "figures", path.string());
  }
};

}  // namespace

void add_figures(CLI::App& app, Run& run) {
  auto* command = app.add_subcommand("figures", "The paper's figures 5 to 9, made anew");
  auto c = std::make_shared<FiguresCommand>();
  add_settings(*command, c->settings,
               {"prompt", "style", "position", "method", "to_prompt", "to_seed", "to_image", "theta", "image",
                "strength", "invert"});
  add_text(*command, "-o,--out", c->out, "Folder of the figures (default: out/figures)");
  add_engine_options(*command, c->engine);
  add_output_options(*command, c->output);
  command->footer(
      "Figure 5 interpolates from \"a dog\" to \"a cat\"; 6 to 8 strengthen a style by the paper's slerp up "
      "to θ = 0.5; 9 weakens\n"
      "one towards the difference. Each has its folder; figures.png shows all. Run again, it makes only what "
      "is missing.\n\n"
      "Examples:\n"
      "  latentdial figures --out out/figures\n"
      "  latentdial figures -m path/to/stable-diffusion-v1-4 --seed 7 --out out/figures-7\n");
  command->callback([c, &run] { run = [c] { c->run(); }; });
}

}  // namespace latentdial::cli
