// Two clients at once on one model, as in a server: two_clients "a dog" "a cat" makes one.png and two.png.
// A client's fault is its own: it gets one line, and the other one's picture is made.

#include <latentdial/latentdial.h>

#include <atomic>
#include <cstdio>
#include <string>
#include <thread>

namespace {

std::atomic<int> failures = 0;

void serve(const latentdial::Pipeline& pipeline, const std::string& client, const std::string& prompt) {
  try {
    latentdial::Settings settings;
    settings.prompt = prompt;
    settings.steps = 4;
    latentdial::Observer observer;
    observer.on_step = [&](const latentdial::StepProgress& progress) {
      std::printf("%s: step %d of %d\n", client.c_str(), progress.step, progress.steps);
    };
    const auto picture = pipeline.generate(settings, observer);
    latentdial::write_png(client + ".png", picture.image, picture.parameters);
  } catch (const latentdial::Error& error) {
    std::fprintf(stderr, "%s: %s: %s\n", client.c_str(), latentdial::name(error.code()), error.what());
    ++failures;
  }
}

}  // namespace

int main(int count, char** words) {
  // The weights are loaded once; each client has a pipeline of its own on them.
  const auto first = latentdial::Pipeline::load({.threads = 1});
  const auto second = first.share();
  std::thread one([&] { serve(first, "one", count > 1 ? words[1] : "a dog"); });
  std::thread two([&] { serve(second, "two", count > 2 ? words[2] : "a cat"); });
  one.join();
  two.join();
  return failures == 0 ? 0 : 2;
}
