#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "commands.h"
#include "jumps.h"
#include "latentdial/error.h"
#include "options.h"
#include "strip.h"

namespace latentdial::cli {
namespace {

namespace fs = std::filesystem;

/// Whether an end is a picture by its name; prompts do not end so.
bool names_picture(const std::string& text) {
  std::string extension = fs::path(text).extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return extension == ".png" || extension == ".jpg" || extension == ".jpeg" || extension == ".webp";
}

void check_picture(const std::string& field, const std::string& path) {
  std::error_code fault;
  if (!fs::is_regular_file(path, fault))
    throw invalid_input(field,
                        fmt::format("{} is not there; name a PNG, JPEG or WebP, or say a prompt", path));
}

struct InterpolateCommand {
  Settings settings;
  ModelOptions engine;
  OutputOptions output;
  std::string from, prompt;
  std::string theta = "0:1:7";
  std::string in;  ///< Where two pictures are interpolated: "noise" or "clip"; empty: "noise".
  std::string out;
  const CLI::Option* strength = nullptr;

  void run() const {
    check_in();
    const bool pictures = in == "clip" || names_picture(from) || names_picture(settings.to_prompt);
    const Strip strip = interpolation_strip(pictures ? between_pictures() : between_prompts(),
                                            read_range("theta", theta, 0, 1));
    const Pipeline pipeline = load_pipeline(engine, output);
    const fs::path folder =
        out.empty() ? default_folder("interpolate", pipeline.info().name, strip) : fs::path(out);
    make_strips(pipeline, {strip}, folder, output);
    warn_of_jump(strip, folder, output);
  }

  void check_in() const {
    if (!in.empty() && in != "noise" && in != "clip")
      throw invalid_input("in", fmt::format("\"{}\" is unknown; use noise or clip", in));
    const bool pictures = names_picture(from) && names_picture(settings.to_prompt);
    if (!in.empty() && !pictures)
      throw invalid_input("in", "it says where two pictures are interpolated; name them by --from and --to");
  }

  [[nodiscard]] Settings between_prompts() const {
    if (from.empty())
      throw invalid_input("from",
                          "no prompt is given; say where to start, as in --from \"a dog\" --to \"a cat\"");
    if (!prompt.empty())
      throw invalid_input("prompt", "--from says it already; only between two pictures is there room for it");
    Settings s = settings;
    s.prompt = from;
    if (s.to_prompt.empty() && s.to_seed < 0 && s.to_image.empty() && s.to_reference.empty())
      throw invalid_input("to_prompt", "no other end is given; use --to PROMPT, --to-seed N or both");
    return s;
  }

  /// Both ends inverted to pure noise, unless --strength says how far; or as an image encoder has them.
  [[nodiscard]] Settings between_pictures() const {
    for (const auto& [field, text] : {std::pair{"from", from}, std::pair{"to_prompt", settings.to_prompt}}) {
      if (!names_picture(text))
        throw invalid_input(
            field,
            fmt::format(
                "\"{}\" is not a picture, but the other end is one; name two pictures or say two prompts",
                text));
      check_picture(field, text);
    }
    if (!settings.image.empty() || !settings.to_image.empty())
      throw invalid_input(settings.image.empty() ? "to_image" : "image",
                          "--from and --to name the two pictures already");
    if (in == "clip") return between_references();
    Settings s = settings;
    s.prompt = prompt;
    s.image = from;
    s.to_image = s.to_prompt;
    s.to_prompt.clear();
    s.invert = true;
    if (strength->empty()) s.strength = 1;
    return s;
  }

  [[nodiscard]] Settings between_references() const {
    Settings s = settings;
    if (!s.reference.empty() || !s.to_reference.empty())
      throw invalid_input(s.reference.empty() ? "to_reference" : "reference",
                          "--from and --to name the two pictures already");
    s.prompt = prompt;
    s.reference = from;
    s.to_reference = s.to_prompt;
    if (s.invert) {
      s.image = s.reference;
      s.to_image = s.to_reference;
      if (strength->empty()) s.strength = 1;
    }
    s.to_prompt.clear();
    return s;
  }
};

}  // namespace

void add_interpolate(CLI::App& app, Run& run) {
  auto* command = app.add_subcommand(
      "interpolate", "A strip of pictures from one prompt, seed or picture of yours to another");
  auto c = std::make_shared<InterpolateCommand>();
  add_text(*command, "--from", c->from, "Prompt at the first end, or a picture: PNG, JPEG or WebP");
  add_text(*command, "-p,--prompt", c->prompt, "Between two pictures, what both show; may be left out");
  add_settings(*command, c->settings, {"prompt", "style", "position", "method", "per_token", "theta"});
  add_text(*command, "--in", c->in,
           "Where two pictures are interpolated: noise (what each is inverted to) or, with an unCLIP model, "
           "clip (what its image encoder sees in them; with --invert the noise too) (default: noise)");
  add_text(*command, "--theta", c->theta,
           "Positions A:B:N, N values from A to B; or one number; 0 to 1 (default: 0:1:7)");
  add_text(*command, "-o,--out", c->out,
           "Folder of the strip (default: out/interpolate-…, named by the settings)");
  add_engine_options(*command, c->engine);
  add_output_options(*command, c->output);
  c->strength = command->get_option("--strength");
  command->footer(
      "Writes frame-000.png …, strip.png and manifest.jsonl. Run again, it makes only what is missing.\n"
      "Two pictures are inverted, to pure noise unless --strength says how far, and that noise is "
      "interpolated; θ = 0 and 1 show them again. With --in clip each frame is a variation of what lies "
      "between them.\n\n"
      "Examples:\n"
      "  latentdial interpolate --from \"a dog\" --to \"a cat\" --theta 0:1:7\n"
      "  latentdial interpolate --from \"a city\" --seed 1 --to-seed 2          the same prompt, from one "
      "noise to another\n"
      "  latentdial interpolate --from a.png --to b.jpg -p \"a house\"            from one picture to "
      "another\n"
      "  latentdial interpolate -m path/to/stable-diffusion-2-1-unclip --from a.png --to b.png --in clip\n");
  command->callback([c, &run] { run = [c] { c->run(); }; });
}

}  // namespace latentdial::cli
