#include "latentdial/upscaler.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <string>
#include <utility>

#include "bind.h"
#include "images.h"
#include "watch.h"

namespace latentdial::binding {
namespace {

namespace nb = nanobind;

Upscaler load(std::string file, std::string dtype, int threads) {
  const nb::gil_scoped_release unlocked;
  return Upscaler::load({.file = std::move(file), .dtype = std::move(dtype), .threads = threads});
}

PixelArray enlarge(const Upscaler& upscaler, const GivenPixels& pixels, std::optional<double> by,
                   nb::object callback) {
  const Image image = from_array(pixels);
  Image large;
  Watch(std::move(callback), 1).run(upscaler, [&](const Observer& observer) {
    large = upscaler.enlarge(image, by, observer);
  });
  return to_array(std::move(large));
}

}  // namespace

void bind_upscaler(nb::module_& module) {
  nb::class_<Upscaler>(module, "Upscaler")
      .def(nb::new_(&load), nb::arg("file"), nb::arg("dtype"), nb::arg("threads"))
      .def_prop_ro("name", &Upscaler::name)
      .def_prop_ro("kind", &Upscaler::kind)
      .def_prop_ro("scale", &Upscaler::scale)
      .def("enlarge", &enlarge, nb::arg("pixels"), nb::arg("by").none(), nb::arg("callback").none());
}

}  // namespace latentdial::binding
