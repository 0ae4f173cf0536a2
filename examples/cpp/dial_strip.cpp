// A dial strip: one picture at five positions of a style's dial, as dial-0.png to dial-4.png.

#include <latentdial/latentdial.h>

#include <string>
#include <vector>

int main() {
  const auto pipeline = latentdial::Pipeline::load({});  // The embedded model; {.model = "…"} for another.
  latentdial::Settings settings;
  settings.prompt = "a temple in the jungle";
  settings.style = "Monet style";
  settings.steps = 12;
  settings.guidance_scale = 3.5;
  std::vector<latentdial::Request> strip(5, settings);
  for (std::size_t i = 0; i < strip.size(); ++i) strip[i].settings.position = 0.25 * static_cast<double>(i);
  pipeline.generate(strip, [](std::size_t i, const latentdial::Picture& picture) {
    latentdial::write_png("dial-" + std::to_string(i) + ".png", picture.image, picture.parameters);
  });
}
