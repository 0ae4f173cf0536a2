#include "images.h"

#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bind.h"
#include "latentdial/request.h"
#include "latentdial/strip.h"

namespace latentdial::binding {
namespace {

namespace nb = nanobind;

using LabelledPixels = std::pair<GivenPixels, std::vector<std::string>>;

PixelArray sheet(const std::string& title, const std::vector<LabelledPixels>& frames, int columns) {
  std::vector<StripFrame> strip;
  for (const auto& [pixels, labels] : frames) strip.push_back({from_array(pixels), labels});
  return to_array(draw_strip(title, strip, columns));
}

}  // namespace

PixelArray to_array(Image image) {
  auto rgb = std::make_unique<std::vector<std::uint8_t>>(std::move(image.rgb));
  std::uint8_t* data = rgb->data();
  const nb::capsule owner(rgb.release(),
                          [](void* p) noexcept { delete static_cast<std::vector<std::uint8_t>*>(p); });
  return {data, {static_cast<std::size_t>(image.height), static_cast<std::size_t>(image.width), 3}, owner};
}

Image from_array(const GivenPixels& pixels) {
  return {static_cast<int>(pixels.shape(1)),
          static_cast<int>(pixels.shape(0)),
          {pixels.data(), pixels.data() + pixels.size()}};
}

void bind_images(nb::module_& module) {
  nb::class_<InputImage>(module, "InputImage", "A picture in memory that settings have in place of a path.")
      .def(
          "__init__",
          [](InputImage* self, const GivenPixels& pixels) { new (self) InputImage(from_array(pixels)); },
          nb::arg("pixels"))
      .def_prop_ro("hash", &InputImage::hash, "Of size and pixels; the same on every machine.");
  module.def(
      "read_image", [](const std::string& path) { return to_array(read_image(path)); }, nb::arg("path"),
      "A PNG, JPEG or WebP as RGB; transparency is laid on white.");
  module.def(
      "read_mask", [](const std::string& path) { return to_array(read_mask(path)); }, nb::arg("path"),
      "The same as a mask: white is meant; what is transparent is not.");
  module.def(
      "decode_mask",
      [](const nb::bytes& file) {
        const std::span bytes(static_cast<const std::uint8_t*>(file.data()), file.size());
        return to_array(decode_mask(bytes, "the given picture", MaskOf::brightness));
      },
      nb::arg("file"), "The same of a file's bytes.");
  module.def(
      "write_png",
      [](const std::string& path, const GivenPixels& pixels, const std::string& parameters) {
        write_png(path, from_array(pixels), parameters);
      },
      nb::arg("path"), nb::arg("pixels"), nb::arg("parameters"),
      "Writes a PNG with the text chunk `parameters`; the name never holds half a picture.");
  module.def("percent", &percent, nb::arg("position"), "A dial position as a label: \"50 %\".");
  module.def("draw_strip", &sheet, nb::arg("title"), nb::arg("frames"), nb::arg("columns") = 11,
             "A labelled contact sheet of (pixels, lines under it).");
}

}  // namespace latentdial::binding
