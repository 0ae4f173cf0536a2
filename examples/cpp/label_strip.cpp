// Puts pictures beside each other under a title, each with its dial position below:
// label_strip strip.png dial-*.png. It links latentdial::drawing too, and Cairo with it.

#include <latentdial/latentdial.h>
#include <latentdial/strip.h>

#include <cstdio>
#include <vector>

int main(int count, char** paths) try {
  latentdial::Settings settings;
  std::vector<latentdial::StripFrame> frames;
  for (int i = 2; i < count; ++i) {
    settings = latentdial::parse_parameters(latentdial::read_image_parameters(paths[i]));
    frames.push_back({latentdial::read_image(paths[i]), {latentdial::percent(settings.position)}});
  }
  if (frames.empty()) throw latentdial::invalid_input("call it as label_strip strip.png dial-*.png");
  latentdial::write_png(paths[1], latentdial::draw_strip(settings.prompt + ", " + settings.style, frames),
                        "");
} catch (const latentdial::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 2;
}
