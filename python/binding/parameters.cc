#include "latentdial/parameters.h"

#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bind.h"
#include "images.h"
#include "latentdial/files.h"
#include "latentdial/image.h"
#include "latentdial/sweep.h"
#include "latentdial/text.h"
#include "settings.h"

namespace latentdial::binding {

namespace nb = nanobind;

void bind_parameters(nb::module_& module) {
  module.def(
      "parse_parameters", [](const std::string& text) { return settings_to_dict(parse_parameters(text)); },
      nb::arg("text"), "The settings in such a text, ours or A1111's.");
  const auto names_of = [](std::span<const InputFile> inputs) {
    std::vector<std::string> names;
    for (const InputFile& input : inputs) names.emplace_back(input.name);
    return names;
  };
  module.def(
      "input_files", [names_of] { return names_of(input_files()); }, "The settings that name files.");
  module.def(
      "named_files",
      [](const nb::dict& given) {
        const Settings settings = settings_from_dict(given);
        std::vector<std::pair<std::string, std::string>> named;
        for (const InputFile& input : input_files())
          if (std::string file = file_named(settings, input); !file.empty())
            named.emplace_back(input.name, std::move(file));
        return named;
      },
      nb::arg("settings"), "The settings that name files, each with its file.");
  module.def(
      "input_pictures", [names_of] { return names_of(input_pictures()); }, "Those that name pictures.");
  module.def(
      "input_masks",
      [] {
        std::vector<std::string> names;
        for (const InputFile& input : input_pictures())
          if (input.is_mask) names.emplace_back(input.name);
        return names;
      },
      "Those that name masks.");
  module.def(
      "difference", &difference, nb::arg("found"), nb::arg("wanted"),
      "Empty, or why a picture with the text `found` is not the one that would get the text `wanted`.");
  module.def(
      "read_parameters", [](const std::string& path) { return read_image_parameters(path); }, nb::arg("path"),
      "The settings that a PNG, JPEG or WebP holds, as text; empty when it has none.");
  module.def(
      "encode_png",
      [](const GivenPixels& pixels, const std::string& parameters) {
        const auto png = encode_png(from_array(pixels), parameters);
        return nb::bytes(png.data(), png.size());
      },
      nb::arg("pixels"), nb::arg("parameters"), "The bytes of a PNG with that text.");
  module.def(
      "read_plan",
      [](const std::string& path, bool allow_paths) {
        std::vector<std::pair<std::string, nb::dict>> jobs;
        for (const Job& job : read_plan(path, allow_paths)) {
          validate(job.settings);
          jobs.emplace_back(job.file, settings_to_dict(job.settings));
        }
        return jobs;
      },
      nb::arg("path"), nb::arg("allow_paths"), "The pictures of a plan: each one's file and settings.");
  module.def(
      "write_file",
      [](const std::string& path, const nb::bytes& bytes) {
        write_file(path, {static_cast<const char*>(bytes.data()), bytes.size()});
      },
      nb::arg("path"), nb::arg("bytes"), "Writes a whole file or nothing.");
  module.def(
      "escape_controls", [](const std::string& text) { return escape_controls(text); }, nb::arg("text"),
      "The text with what could steer a terminal made visible.");
  module.def("nearest_setting", &nearest_setting, nb::arg("name"),
             "The setting that an unknown name most probably means; empty for none.");
  module.def("parse_range", &parse_range, nb::arg("text"),
             "\"A:B:N\" as N values from A to B, or a lone number as one value.");
}

}  // namespace latentdial::binding
