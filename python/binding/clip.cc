#include "latentdial/clip.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>

#include <cstddef>
#include <string>
#include <utility>

#include "bind.h"
#include "images.h"

namespace latentdial::binding {
namespace {

namespace nb = nanobind;

using EmbeddingArray = nb::ndarray<nb::numpy, float, nb::shape<-1>, nb::c_contig>;

EmbeddingArray to_array(Embedding embedding) {
  auto* kept = new Embedding(std::move(embedding));
  const nb::capsule owner(kept, [](void* held) noexcept { delete static_cast<Embedding*>(held); });
  return {kept->data(), {kept->size()}, owner};
}

Clip load(std::string folder, std::string dtype, int threads) {
  const nb::gil_scoped_release unlocked;
  return Clip::load({.folder = std::move(folder), .dtype = std::move(dtype), .threads = threads});
}

template <class Given>
Embedding embed(const Clip& clip, const Given& given) {
  const nb::gil_scoped_release unlocked;
  return clip.embed(given);
}

}  // namespace

void bind_clip(nb::module_& module) {
  nb::class_<Clip>(module, "Clip")
      .def(nb::new_(&load), nb::arg("folder"), nb::arg("dtype"), nb::arg("threads"))
      .def_prop_ro("width", &Clip::width)
      .def_prop_ro("image_size", &Clip::image_size)
      .def_prop_ro("reads_texts", &Clip::reads_texts)
      .def(
          "embed_image",
          [](const Clip& clip, const GivenPixels& pixels) {
            return to_array(embed(clip, from_array(pixels)));
          },
          nb::arg("pixels"))
      .def(
          "embed_text", [](const Clip& clip, const std::string& text) { return to_array(embed(clip, text)); },
          nb::arg("text"))
      .def("left_out", &Clip::left_out, nb::arg("text"));
}

}  // namespace latentdial::binding
