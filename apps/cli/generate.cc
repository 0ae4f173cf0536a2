#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>

#include "again.h"
#include "commands.h"
#include "enlarge.h"
#include "latentdial/error.h"
#include "latentdial/files.h"
#include "options.h"
#include "output.h"
#include "progress.h"

namespace latentdial::cli {
namespace {

namespace fs = std::filesystem;

/// Said before the work, not after it: the picture could not be written.
void check_output(const fs::path& path) {
  if (path.extension() != ".png")
    throw invalid_input("out",
                        fmt::format("{} must end in .png, the one format that is written", path.string()));
  if (fs::is_directory(path))
    throw invalid_input("out", fmt::format("{} is a folder; name a .png file", path.string()));
  const fs::path folder = path.parent_path().empty() ? fs::path(".") : path.parent_path();
  std::error_code fault;
  fs::create_directories(folder, fault);
  if (fault)
    throw invalid_input("out", fmt::format("{} cannot be made: {}", folder.string(), fault.message()));
  if (access(folder.c_str(), W_OK | X_OK) != 0)
    throw invalid_input("out", fmt::format("{} cannot be written to", folder.string()));
}

/// out.png, or the first of out-1.png, out-2.png … that is free: no picture is written over unasked.
/// The name is taken at once by an empty file, so that two programs never have the same.
std::string take_free_name() {
  std::string name = "out.png";
  for (int i = 1; !take_name(name); ++i) name = fmt::format("out-{}.png", i);
  return name;
}

void require_reference(const Settings& s) {
  if (s.reference.empty())
    throw invalid_input("reference", "no picture is given; say which variations are drawn of");
}

void require_part(const Settings& s) {
  if (s.image.empty())
    throw invalid_input("image", "no picture is given; say which a part of is to be redrawn");
  if (s.mask.empty() && s.redraw_words.empty())
    throw invalid_input("mask",
                        "no picture is given; say by one what is redrawn, where it is white, or by "
                        "@(redraw_words) in words");
}

void require_new_space(const Settings& s) {
  if (s.image.empty()) throw invalid_input("image", "no picture is given; say which is to be extended");
  if (s.extend_left + s.extend_right + s.extend_top + s.extend_bottom == 0)
    throw invalid_input("extend_right",
                        "is 0, as are the other sides; say of one how many pixels are to be new");
}

/// A picture that was drawn twice is to be drawn once: what its settings say of the second pass goes, but for
/// what is said anew.
void leave_second_pass(Settings& s, const std::function<bool(std::string_view name)>& is_given) {
  const Settings defaults;
  if (!is_given("hires_with")) s.hires_with = defaults.hires_with;
  if (!is_given("hires_strength")) s.hires_strength = defaults.hires_strength;
  if (!is_given("hires_steps")) s.hires_steps = defaults.hires_steps;
}

struct GenerateCommand {
  Settings settings;
  ModelOptions engine;
  OutputOptions output;
  std::string out;

  void (*require)(const Settings&) = nullptr;  ///< What the command cannot do without; null: nothing.
  std::string restore;                         ///< What the command restores; empty: nothing.
  std::string with;                            ///< The network that enlarges; empty: the model does.
  std::string again;                           ///< The picture whose settings are taken over; empty: none.
  const CLI::App* command = nullptr;

  void run() { with.empty() ? generate() : enlarge(); }

 private:
  void enlarge() {
    check_output(out.empty() ? "out.png" : out);
    const auto [image, parameters] = cli::enlarge(*command, with, settings, engine, output);
    const std::string path = out.empty() ? take_free_name() : out;
    write_png(path, image, parameters);
    report_path(output, "file", path);
  }

  void generate() {
    if (command->get_option_no_throw("--with") != nullptr && command->count("--with") > 0)
      notice(output, "--with is empty and counts as not given");
    const auto is_given = [this](std::string_view name) {
      const std::string flag = flag_of(*command, name);
      return !flag.empty() && command->count(flag) > 0;
    };
    if (!again.empty()) {
      if (is_given("hires") && settings.hires <= 1) leave_second_pass(settings, is_given);
      for (const auto& line : check_text(again, is_given)) notice(output, line);
      if (!is_given("prompt")) settings.prompt = prompt_in(again, engine.lora_dir, output);
      check_inputs(again, settings, is_given, output);
    }
    if (!restore.empty()) settings.restore = restore;
    if (again.empty()) require_prompt(*command, settings);
    if (require != nullptr) require(settings);
    validate(settings);
    check_output(out.empty() ? "out.png" : out);
    const Pipeline pipeline = load_pipeline(engine, output);
    if (const auto line = again.empty() ? "" : check_model(again, pipeline.info(), is_given); !line.empty())
      notice(output, line);
    // An upscaling model draws from noise alone, so this command's own strength is not for it.
    if (restore == "upscale" && pipeline.info().upscales_by > 0 && again.empty() && !is_given("strength"))
      settings.strength = Settings{}.strength;
    JobResult result{
        .file = out, .settings = pipeline.resolve(settings), .seconds = 0, .kept = false, .notices = {}};
    const auto start = std::chrono::steady_clock::now();
    Picture picture;
    {
      ProgressLine line(output.quiet);
      picture = pipeline.generate(result.settings, observe(line));
    }
    const std::string path = out.empty() ? take_free_name() : out;
    write_png(path, picture.image, picture.parameters);
    result.file = path;
    result.notices = picture.notices;
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    report_picture(output, path, result);
    report_profile(output, pipeline);
  }
};

/// A command that makes one picture.
CLI::App* add_command(CLI::App& app, Run& run, const std::shared_ptr<GenerateCommand>& c, const char* name,
                      const char* what, const std::set<std::string>& without, const char* examples) {
  CLI::App* command = app.add_subcommand(name, what);
  c->command = command;
  command
      ->add_option_function<std::string>(
          "--again",
          [c](const std::string& picture) {
            c->again = picture;
            c->settings = settings_in(picture);
          },
          "Picture whose settings are taken over; options beside it change them. Files that it was made from "
          "are not opened unasked: name them by --image and the like; what cannot be had again is said")
      ->type_name("PICTURE");
  add_settings(*command, c->settings, without);
  add_text(*command, "-o,--out", c->out,
           "PNG to write, over an earlier one (default: out.png, or the next free name)");
  add_engine_options(*command, c->engine);
  add_output_options(*command, c->output);
  command->footer(examples);
  command->callback([c, &run] { run = [c] { c->run(); }; });
  return command;
}

/// A command that makes the picture that another is a worse copy of; `other` settings are of other losses.
CLI::App* add_restoration(CLI::App& app, Run& run, const std::shared_ptr<GenerateCommand>& command,
                          const char* name, const char* what, std::set<std::string> other,
                          const char* examples) {
  command->restore = name;
  if (!other.contains("strength")) command->settings.strength = 0.5;
  other.insert(std::begin(kOfAPart), std::end(kOfAPart));
  other.insert(std::begin(kOfASecondPass), std::end(kOfASecondPass));
  other.insert({"restore",      "invert",         "to_image",   "to_reference", "to_prompt",
                "to_seed",      "theta",          "style",      "position",     "method",
                "dial",         "style_mask",     "mask_words", "style_start",  "style_end",
                "style_passes", "style_guidance", "per_token",  "width",        "height"});
  return add_command(app, run, command, name, what, other, examples);
}

}  // namespace

void add_generate(CLI::App& app, Run& run) {
  add_command(
      app, run, std::make_shared<GenerateCommand>(), "generate", "One picture from a prompt", {},
      "Examples:\n"
      "  latentdial generate -p \"a dog in the meadow\" -o dog.png\n"
      "  latentdial generate -p \"a temple\" --style \"Monet style\" --at 0.4 -o temple.png\n"
      "  latentdial generate -p \"a castle by the lake\" --image sketch.jpg --strength 0.6 -o castle.png\n"
      "  latentdial generate --again dog.png --seed 8 -o dog-8.png\n"
      "  latentdial generate -p \"a castle by the lake\" --hires 2 --hires-with lanczos -o large.png\n"
      "  latentdial generate -m path/to/stable-diffusion-v1-4 -p \"a dog\" --sampler dpm++2m --steps 20\n");
}

void add_vary(CLI::App& app, Run& run) {
  auto c = std::make_shared<GenerateCommand>();
  c->require = require_reference;
  std::set<std::string> other = {"reference",  "image",       "strength",   "invert",         "to_image",
                                 "to_prompt",  "to_seed",     "theta",      "to_reference",   "restore",
                                 "blur_sigma", "blur_motion", "upscale_by", "restore_rounds", "blur_kernel"};
  other.insert(std::begin(kOfAPart), std::end(kOfAPart));
  CLI::App* command = add_command(
      app, run, c, "vary",
      "Another picture of what one of yours shows, by an unCLIP model: other noise, the same subject", other,
      "Examples:\n"
      "  latentdial vary -m path/to/stable-diffusion-2-1-unclip --image photo.png -o other.png\n"
      "  latentdial vary -m path/to/stable-diffusion-2-1-unclip --image photo.png -p \"in winter\" --seed 3\n"
      "  latentdial vary -m path/to/stable-diffusion-2-1-unclip --image photo.png --noise-level 500\n");
  add_text(*command, "--image,--reference", c->settings.reference,
           "Picture that variations are drawn of (PNG, JPEG or WebP): of it the middle square is seen");
}

void add_inpaint(CLI::App& app, Run& run) {
  auto command = std::make_shared<GenerateCommand>();
  command->require = require_part;
  command->settings.strength = 1;
  add_command(
      app, run, command, "inpaint",
      "A picture of yours with a part of it redrawn; the rest comes back bit for bit",
      {"invert", "to_image", "hires", "hires_with", "hires_strength", "hires_steps"},
      "Examples:\n"
      "  latentdial inpaint --image photo.png --mask mask.png -p \"a dog in the meadow\" -o dog.png\n"
      "  latentdial inpaint --image photo.png --redraw dog -p \"a cat in the meadow\" -o cat.png\n"
      "  latentdial inpaint --image photo.png --mask mask.png -p \"a dog\" --style sketch --at 0.5\n"
      "  latentdial inpaint --image photo.png --mask soft.png --mask-blur 8 --strength 0.7 -p \"a dog\"\n");
}

void add_outpaint(CLI::App& app, Run& run) {
  auto command = std::make_shared<GenerateCommand>();
  command->require = require_new_space;
  add_command(
      app, run, command, "outpaint", "A picture of yours continued beyond its sides; it stays as it is",
      {"invert", "to_image", "strength", "hires", "hires_with", "hires_strength", "hires_steps"},
      "Examples:\n"
      "  latentdial outpaint --image photo.png --extend-right 128 -p \"a dog in the meadow\" -o wide.png\n"
      "  latentdial outpaint --image photo.png --extend-left 64 --extend-right 64 -p \"a dog\"\n"
      "  latentdial outpaint --image photo.png --extend-top 96 -p \"a castle\" --style winter --at 0.5\n");
}

void add_colorize(CLI::App& app, Run& run) {
  add_restoration(app, run, std::make_shared<GenerateCommand>(), "colorize",
                  "A grey picture of yours in colour; its brightness stays as it is",
                  {"strength", "blur_sigma", "blur_motion", "blur_kernel", "upscale_by", "noise_level"},
                  "Examples:\n"
                  "  latentdial colorize --image grey.png -p \"a castle by the lake\" -o colour.png\n"
                  "  latentdial colorize --image grey.png -p \"a castle\" --rounds 6 --seed 4\n");
}

void add_deblur(CLI::App& app, Run& run) {
  add_restoration(app, run, std::make_shared<GenerateCommand>(), "deblur",
                  "A blurred picture of yours made sharp; blurred again it is yours",
                  {"upscale_by", "noise_level"},
                  "Examples:\n"
                  "  latentdial deblur --image soft.png --sigma 2 -p \"a castle by the lake\" -o sharp.png\n"
                  "  latentdial deblur --image shaken.png --motion 9,30 -p \"a castle by the lake\"\n"
                  "  latentdial deblur --image soft.png --kernel point.png -p \"a castle by the lake\"\n");
}

void add_upscale(CLI::App& app, Run& run) {
  const auto c = std::make_shared<GenerateCommand>();
  CLI::App* command = add_restoration(
      app, run, c, "upscale",
      "A small picture of yours made large: by the model, so that made small again it is yours, by an "
      "upscaling model as it was taught, or by a network of its own",
      {"blur_sigma", "blur_motion", "blur_kernel"},
      "Examples:\n"
      "  latentdial upscale --image small.png --by 2 -p \"a castle by the lake\" -o large.png\n"
      "  latentdial upscale --image small.png --by 4 --strength 0.5 --rounds 6\n"
      "  latentdial upscale -m path/to/stable-diffusion-x4-upscaler --image small.png -p \"a cat\" --steps "
      "20\n"
      "  latentdial upscale --image small.png --with 4x-network.pth -o large.png\n");
  add_text(
      *command, "--with", c->with,
      "A network that enlarges pictures in place of the model, .pth or .safetensors: an RRDBNet (ESRGAN, "
      "Real-ESRGAN) or SRVGGNetCompact; without --by, which then goes from 1 to 16, it enlarges as it was "
      "made to");
}

}  // namespace latentdial::cli
