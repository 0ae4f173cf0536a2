#include <fmt/format.h>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "commands.h"
#include "latentdial/strip.h"
#include "mended.h"
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

/// One of the paper's prompts, without the words of the style that is turned, and the paper's way of turning
/// it; of Figure 9 as it is.
struct Comparison {
  const char* prompt;
  const char* style;
  const char* papers_method;
  double last;  ///< Positions run from 0 to here.
};

constexpr Comparison kComparisons[] = {
    {"doomsday pyramid alien invasion", "cyberpunk", "slerp", 1},
    {"city architecture", "futuristic high tech", "slerp", 1},
    {"temple hidden in the jungle", "Monet style", "slerp", 1},
    {"temple hidden in the jungle, Monet style", "Monet style", "slerp-diff", -1},
};
constexpr int kCompared = 9;
constexpr double kPapersGuidance = 7.5;

std::vector<double> positions_to(double last, int count) {
  std::vector<double> positions;
  for (int i = 0; i < count; ++i) positions.push_back(last * i / (count - 1));
  return positions;
}

Strip strip_of(const Figure& figure, Settings settings) {
  const auto positions = positions_to(figure.last, figure.frames);
  settings.prompt = figure.prompt;
  const std::string method = figure.method;
  (method.empty() ? settings.to_prompt : settings.style) = figure.other;
  settings.method = method;
  Strip strip = method.empty() ? interpolation_strip(settings, positions) : dial_strip(settings, positions);
  strip.folder = fmt::format("figure-{}", figure.number);
  strip.title = fmt::format("Figure {}: {}", figure.number, strip.title);
  return strip;
}

/// The paper's way and below it our dial, each from one end to the other.
std::vector<Strip> strips_of(const Comparison& comparison, Settings settings) {
  settings.prompt = comparison.prompt;
  settings.style = comparison.style;
  if (!settings.guidance_scale) settings.guidance_scale = kPapersGuidance;
  std::vector<Strip> strips;
  for (const std::string method : {comparison.papers_method, "calibrated"}) {
    settings.method = method;
    strips.push_back(dial_strip(settings, positions_to(comparison.last, kCompared)));
    strips.back().folder = fmt::format("compared/{}-{}", &comparison - kComparisons + 1,
                                       method == "calibrated" ? "dial" : method);
  }
  return strips;
}

/// Sheets one below the other, in a file of their own.
void write_page(const std::filesystem::path& path, std::span<const Image> sheets,
                const OutputOptions& output) {
  std::vector<StripFrame> rows;
  for (const Image& sheet : sheets) rows.push_back({sheet, {}});
  write_png(path, draw_strip("", rows, 1), "");
  report_path(output, "figures", path.string());
}

struct FiguresCommand {
  Settings settings;
  ModelOptions engine;
  OutputOptions output;
  std::string out = "out/figures";

  void run() const {
    std::vector<Strip> strips;
    for (const Figure& figure : kFigures) strips.push_back(strip_of(figure, settings));
    for (const Comparison& comparison : kComparisons)
      for (Strip& strip : strips_of(comparison, settings)) strips.push_back(std::move(strip));
    const Pipeline pipeline = load_pipeline(engine, output);
    const auto sheets = make_strips(pipeline, strips, out, output);
    const std::span all(sheets);
    write_page(std::filesystem::path(out) / "figures.png", all.first(std::size(kFigures)), output);
    write_page(std::filesystem::path(out) / "compared.png", all.subspan(std::size(kFigures)), output);
    write_page(std::filesystem::path(out) / "mended.png",
               make_mended(pipeline, settings, std::filesystem::path(out) / "mended", output), output);
  }
};

}  // namespace

void add_figures(CLI::App& app, Run& run) {
  auto* command = app.add_subcommand(
      "figures", "The paper's figures 5 to 9, made anew, its dial beside ours, and pictures mended");
  auto c = std::make_shared<FiguresCommand>();
  std::set<std::string> without = {
      "prompt",      "style",      "position",    "method",         "to_prompt", "to_seed",     "to_image",
      "theta",       "image",      "strength",    "invert",         "restore",   "blur_sigma",  "blur_motion",
      "blur_kernel", "upscale_by", "noise_level", "restore_rounds", "reference", "to_reference"};
  without.insert(std::begin(kOfAPart), std::end(kOfAPart));
  without.insert(std::begin(kOfASecondPass), std::end(kOfASecondPass));
  add_settings(*command, c->settings, without);
  add_text(*command, "-o,--out", c->out, "Folder of the figures (default: out/figures)");
  add_engine_options(*command, c->engine);
  add_output_options(*command, c->output);
  command->footer(
      "Figure 5 interpolates from \"a dog\" to \"a cat\"; 6 to 8 strengthen a style by the paper's slerp up "
      "to θ = 0.5; 9 weakens\n"
      "one towards the difference. Each has its folder; figures.png shows all. compared.png has the paper's "
      "prompts at its guidance\nof 7.5 (--cfg), slerp above and our dial below; mended.png what it names "
      "beside: a\n"
      "part redrawn, sides extended, colours, sharpness and size found again. Run again, it makes only what "
      "is "
      "missing.\n\n"
      "Examples:\n"
      "  latentdial figures --out out/figures\n"
      "  latentdial figures -m path/to/stable-diffusion-v1-4 --seed 7 --out out/figures-7\n");
  command->callback([c, &run] { run = [c] { c->run(); }; });
}

}  // namespace latentdial::cli
