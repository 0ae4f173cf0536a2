#include "latentdial/stages.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bind.h"
#include "images.h"
#include "watch.h"

namespace latentdial::binding {
namespace {

namespace nb = nanobind;

using Numbers = nb::ndarray<nb::numpy, float>;
using GivenNumbers = nb::ndarray<const float, nb::c_contig, nb::device::cpu>;

Values from_numbers(const GivenNumbers& numbers) {
  Values values;
  for (std::size_t i = 0; i < numbers.ndim(); ++i)
    values.shape.push_back(static_cast<std::int64_t>(numbers.shape(i)));
  values.values.assign(numbers.data(), numbers.data() + numbers.size());
  return values;
}

Numbers to_numbers(Values values) {
  std::vector<std::size_t> shape;
  std::transform(values.shape.begin(), values.shape.end(), std::back_inserter(shape),
                 [](std::int64_t side) { return static_cast<std::size_t>(side); });
  auto kept = std::make_unique<std::vector<float>>(std::move(values.values));
  float* data = kept->data();
  const nb::capsule owner(kept.release(),
                          [](void* p) noexcept { delete static_cast<std::vector<float>*>(p); });
  return {data, shape.size(), shape.data(), owner};
}

/// What `stage(stages)` gives, worked out without the GIL.
template <class Stage>
auto run(const Pipeline& pipeline, Stage&& stage) {
  decltype(stage(Stages(pipeline))) result;
  Watch(nb::none(), 1).run(pipeline, [&](const Observer&) { result = stage(Stages(pipeline)); });
  return result;
}

Numbers encode_prompt(const Pipeline& pipeline, const std::string& text, bool plain) {
  return to_numbers(run(pipeline, [&](const Stages& stages) { return stages.encode_prompt(text, plain); }));
}

Numbers noise(const Pipeline& pipeline, std::uint64_t seed, int width, int height) {
  return to_numbers(run(pipeline, [&](const Stages& stages) { return stages.noise(seed, width, height); }));
}

Numbers unet(const Pipeline& pipeline, const GivenNumbers& latents, float timestep,
             const GivenNumbers& text_states) {
  const Values x = from_numbers(latents), text = from_numbers(text_states);
  return to_numbers(run(pipeline, [&](const Stages& stages) { return stages.unet(x, timestep, text); }));
}

PixelArray decode(const Pipeline& pipeline, const GivenNumbers& latents) {
  const Values x = from_numbers(latents);
  return to_array(run(pipeline, [&](const Stages& stages) { return stages.decode(x); }));
}

Numbers encode(const Pipeline& pipeline, const GivenPixels& pixels) {
  const Image image = from_array(pixels);
  return to_numbers(run(pipeline, [&](const Stages& stages) { return stages.encode(image); }));
}

}  // namespace

void bind_stages(nb::module_& module) {
  module.def("encode_prompt", &encode_prompt, nb::arg("engine"), nb::arg("text"), nb::arg("plain"));
  module.def("noise", &noise, nb::arg("engine"), nb::arg("seed"), nb::arg("width"), nb::arg("height"));
  module.def("unet", &unet, nb::arg("engine"), nb::arg("latents"), nb::arg("timestep"),
             nb::arg("text_states"));
  module.def("decode", &decode, nb::arg("engine"), nb::arg("latents"));
  module.def("encode", &encode, nb::arg("engine"), nb::arg("pixels"));
}

}  // namespace latentdial::binding
