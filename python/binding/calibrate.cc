#include "latentdial/calibrate.h"

#include <fmt/format.h>
#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bind.h"
#include "settings.h"
#include "watch.h"

namespace latentdial::binding {
namespace {

namespace nb = nanobind;

Calibration fit(const Pipeline& pipeline, const nb::dict& settings,
                const std::optional<std::vector<std::string>>& prompts,
                const std::optional<std::vector<std::uint64_t>>& seeds, nb::object callback) {
  CalibrationOptions options;
  options.settings = settings_from_dict(settings);
  if (prompts) options.prompts = *prompts;
  if (seeds) options.seeds = *seeds;
  Calibration found;
  Watch watch(std::move(callback), 0);
  watch.run(pipeline, [&](const Observer& observer) {
    options.on_step = observer.on_step;
    options.on_picture = [&](int) { watch.picture_finished(); };
    options.stop = observer.stop;
    found = calibrate(pipeline, options);
  });
  return found;
}

std::vector<std::pair<double, double>> points_of(const Dial& dial) {
  std::vector<std::pair<double, double>> points;
  for (const DialPoint& point : dial.points) points.emplace_back(point.position, point.strength);
  return points;
}

void bind_response(nb::module_& module) {
  nb::class_<ResponsePoint>(module, "ResponsePoint", "What a fit saw at one strength.")
      .def_ro("strength", &ResponsePoint::strength, "Of method guide; 1 is the words' own.")
      .def_ro("mean", &ResponsePoint::mean,
              "Share of the style that the meter reads, over prompts and seeds.")
      .def_ro("spread", &ResponsePoint::spread, "Its standard deviation.")
      .def_ro("content", &ResponsePoint::content,
              "Share of the prompt's content that is kept; None below strength 1.")
      .def("__repr__", [](const ResponsePoint& p) {
        return fmt::format("ResponsePoint(strength={}, mean={:.3f}, spread={:.3f})", p.strength, p.mean,
                           p.spread);
      });
}

}  // namespace

void bind_calibrate(nb::module_& module) {
  bind_response(module);
  nb::class_<Calibration>(module, "Calibration", "A dial fitted to a style, and what it was fitted to.")
      .def_prop_ro("style", [](const Calibration& c) { return c.dial.style; })
      .def_prop_ro(
          "model", [](const Calibration& c) { return c.dial.model; }, "The model's name.")
      .def_prop_ro(
          "fingerprint", [](const Calibration& c) { return c.dial.fingerprint; }, "The model's.")
      .def_prop_ro(
          "guidance_scale", [](const Calibration& c) { return c.dial.guidance_scale; },
          "The one that it was fitted at.")
      .def_prop_ro(
          "high", [](const Calibration& c) { return c.dial.high(); }, "The highest position.")
      .def_prop_ro(
          "reason", [](const Calibration& c) { return c.dial.reason; }, "Why the range ends there.")
      .def_prop_ro(
          "points", [](const Calibration& c) { return points_of(c.dial); },
          "(position, strength) from 0 over (1, 1) to the end of the range.")
      .def_ro("response", &Calibration::response, "What the fit saw, a ResponsePoint each.")
      .def_ro("pictures", &Calibration::pictures, "Pictures made.")
      .def_ro("used", &Calibration::used, "Prompts x seeds on which the style shows.")
      .def(
          "save", [](const Calibration& c, const std::filesystem::path& path) { write_dial(path, c.dial); },
          nb::arg("path"), "Writes the dial's file, whole or not at all. Raises IOFailure.")
      .def("__repr__", [](const Calibration& c) {
        return fmt::format("Calibration({}, up to {}, {} pictures)", c.dial.style, c.dial.high(), c.pictures);
      });
  module.def(
      "not_calibrated",
      [] { return std::vector<std::string>(std::begin(kNotCalibrated), std::end(kNotCalibrated)); },
      "Settings that have no place in a fit.");
  module.def("calibrate", &fit, nb::arg("engine"), nb::arg("settings"), nb::arg("prompts").none(),
             nb::arg("seeds").none(), nb::arg("callback").none());
}

}  // namespace latentdial::binding
