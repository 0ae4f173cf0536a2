#include <fmt/format.h>

#include <cstddef>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "commands.h"
#include "latentdial/clip.h"
#include "latentdial/error.h"
#include "latentdial/parameters.h"
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
  std::string clip;
  ModelOptions engine;
  OutputOptions output;

  void report(const std::string& path, const Reading& reading, const ClipReading* seen) const {
    if (!output.json) {
      const std::string percent =
          fmt::format("{:.1f} % ± {:.1f}", 100 * reading.strength, 200 * reading.standard_error);
      const std::string read =
          reading.tells() ? percent : "cannot tell: the model hardly knows this style (" + percent + ")";
      print_line(stdout, fmt::format("{}: {}{}", path, read, seen == nullptr ? "" : said(*seen)));
      return;
    }
    ordered_json object = {{"file", path},
                           {"strength", reading.strength},
                           {"standard_error", reading.standard_error},
                           {"tells", reading.tells()}};
    if (seen != nullptr) object["clip"] = {{"styled", seen->styled}, {"plain", seen->plain}};
    for (const auto& sample : reading.samples) {
      if (!samples) break;
      object["samples"].push_back({{"timestep", sample.timestep},
                                   {"projection", sample.projection},
                                   {"length", sample.length},
                                   {"residual", sample.residual}});
    }
    print_json(object);
  }

  static std::string said(const ClipReading& seen) {
    return fmt::format("; CLIP: {:.3f} with the style's words, {:.3f} without", seen.styled, seen.plain);
  }

  /// What a picture shows: as it is told, or as the picture's own text has it.
  [[nodiscard]] std::string prompt_of(const std::string& path) const {
    if (!measurement.prompt.empty()) return measurement.prompt;
    const std::string text = read_image_parameters(path);
    if (!list_parameters(text).empty()) return parse_parameters(text).prompt;
    notice(output, fmt::format("{} does not say what it shows, so it is read roughly; say it by -p", path));
    return "";
  }

  /// What `read` says of the pictures, in their order; those of one prompt are read together.
  template <class Read>
  [[nodiscard]] auto by_prompt(const std::vector<Image>& pictures, const std::vector<std::string>& prompts,
                               const Read& read) const {
    std::map<std::string, std::vector<std::size_t>> groups;
    for (std::size_t i = 0; i < paths.size(); ++i) groups[prompts[i]].push_back(i);
    decltype(read(pictures, measurement)) readings(paths.size());
    for (const auto& [prompt, places] : groups) {
      std::vector<Image> group;
      for (const auto place : places) group.push_back(pictures[place]);
      Measurement asked = measurement;
      asked.prompt = prompt;
      auto said = read(group, asked);
      for (std::size_t k = 0; k < places.size(); ++k) readings[places[k]] = std::move(said[k]);
    }
    return readings;
  }

  /// Once for each text.
  void say_left_out(const std::vector<ClipReading>& seen) const {
    std::set<std::string> told;
    for (const ClipReading& reading : seen)
      if (!reading.left_out.empty() && told.insert(reading.left_out).second)
        notice(output, fmt::format("the words are longer than CLIP's window; it reads them without \"{}\"",
                                   reading.left_out));
  }

  [[nodiscard]] std::optional<Clip> load_clip() const {
    if (clip.empty()) return std::nullopt;
    Clip second = Clip::load({.folder = clip, .threads = engine.threads});
    if (!second.reads_texts())
      throw invalid_input(
          "clip", fmt::format("{} sees pictures alone; a CLIPModel with both encoders is needed", clip));
    return second;
  }

  void run() const {
    std::vector<Image> pictures;
    std::vector<std::string> prompts;
    for (const auto& path : paths) {
      pictures.push_back(read_image(path));
      prompts.push_back(prompt_of(path));
    }
    const std::optional<Clip> second = load_clip();
    const Pipeline pipeline = load_pipeline(engine, output);
    std::vector<Reading> readings;
    {
      ProgressLine line(output.quiet);
      readings = by_prompt(pictures, prompts, [&](const auto& group, const Measurement& asked) {
        return pipeline.measure(group, asked, observe(line));
      });
    }
    std::vector<ClipReading> seen;
    if (second)
      seen = by_prompt(pictures, prompts, [&](const auto& group, const Measurement& asked) {
        return second->compare(group, asked);
      });
    say_left_out(seen);
    for (std::size_t i = 0; i < paths.size(); ++i) report(paths[i], readings[i], second ? &seen[i] : nullptr);
    report_profile(output, pipeline);
  }
};

}  // namespace

void add_measure(CLI::App& app, Run& run) {
  auto* command = app.add_subcommand(
      "measure", "How much of a style a picture shows: 0 % none, 100 % as much as its words make");
  auto c = std::make_shared<MeasureCommand>();
  command->add_option("PICTURE", c->paths, "PNG, JPEG or WebP; several may be given")->required();
  add_text(*command, "--style", c->measurement.style, "The style, or any described feature, to look for");
  add_text(*command, "-p,--prompt", c->measurement.prompt,
           "What the picture shows; the better it fits, the better the reading (default: the prompt that its "
           "settings hold)");
  command->add_option("--evaluations", c->measurement.evaluations,
                      "U-Net evaluations per picture, even, 2 to 1000 (default: 16)");
  add_text(
      *command, "--clip", c->clip,
      "Folder of a CLIP model as transformers writes it, for a second opinion: how near the picture is to "
      "the words with the style and without");
  command->add_option("--seed", c->measurement.seed, "Seed of the noise that the meter works with");
  command->add_flag("--samples", c->samples, "With --json, what each noised copy of the picture says");
  add_engine_options(*command, c->engine);
  add_output_options(*command, c->output);
  command->footer(
      "Examples:\n"
      "  latentdial measure temple.png --style \"Monet style\"                      made here: it holds its "
      "prompt\n"
      "  latentdial measure photo.jpg --style sunset -p \"a house on the beach\"\n"
      "  latentdial measure frame-*.png --style cyberpunk --json\n");
  command->callback([c, &run] { run = [c] { c->run(); }; });
}

}  // namespace latentdial::cli
