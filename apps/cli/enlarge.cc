#include "enlarge.h"

#include <fmt/format.h>

#include <optional>
#include <set>

#include "latentdial/error.h"
#include "latentdial/upscaler.h"
#include "options.h"
#include "progress.h"

namespace latentdial::cli {
namespace {

/// A network draws what it always draws: no words, seeds or models have a say.
void check_options(const CLI::App& command) {
  static const std::set<std::string> useful = {"--with",    "--image", "--by",    "--out",    "--dtype",
                                               "--threads", "--json",  "--quiet", "--verbose"};
  for (const CLI::Option* option : command.get_options()) {
    const std::string name = option->get_name(false, true);
    const std::string flag = option->get_lnames().empty() ? name : "--" + option->get_lnames().front();
    if (option->count() > 0 && !useful.contains(flag))
      throw invalid_input("",
                          fmt::format("{}: a network enlarges without it; leave it out, or --with", flag));
  }
}

}  // namespace

Enlarged enlarge(const CLI::App& command, const std::string& file, const Settings& settings,
                 const ModelOptions& engine, const OutputOptions& output) {
  check_options(command);
  if (settings.image.empty())
    throw invalid_input("image", "no picture is given; say which is to be enlarged");
  const Image image = read_image(settings.image);
  const auto upscaler = Upscaler::load({.file = file, .dtype = engine.dtype, .threads = engine.threads});
  if (output.verbose) print_line(stderr, fmt::format("{}: {}", upscaler.name(), upscaler.kind()));
  std::optional<double> by;
  if (command.count("--by") > 0) by = settings.upscale_by.value();
  ProgressLine line(output.quiet);
  return {upscaler.enlarge(image, by, observe(line)),
          enlarged_parameters(read_image_parameters(settings.image), upscaler.name(),
                              by.value_or(upscaler.scale()))};
}

}  // namespace latentdial::cli
