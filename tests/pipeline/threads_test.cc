// Pipelines may be used from several threads: each gets the picture that it would get alone. Run under
// ThreadSanitizer by `make tsan`.

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <stop_token>
#include <thread>
#include <vector>

#include "latentdial/error.h"
#include "latentdial/pipeline.h"

namespace latentdial::detail {
namespace {

constexpr int kThreads = 4;

Settings small(int seed) {
  Settings s;
  s.prompt = "a dog";
  s.seed = static_cast<std::uint64_t>(seed);
  s.steps = 2;
  s.width = s.height = 64;
  return s;
}

Pipeline load() {
  return Pipeline::load({.model = "", .dtype = "f32", .threads = 1});
}

/// Calls body(0) to body(kThreads - 1), each on a thread of its own.
void on_threads(const std::function<void(int)>& body) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(body, i);
}

TEST(Threads, OnePipelineServesSeveral) {
  const Pipeline pipeline = load();
  std::vector<Picture> pictures(kThreads);
  on_threads([&](int i) { pictures[static_cast<std::size_t>(i)] = pipeline.generate(small(i)); });
  for (int i = 0; i < kThreads; ++i)
    EXPECT_EQ(pictures[static_cast<std::size_t>(i)].image.rgb, pipeline.generate(small(i)).image.rgb);
}

TEST(Threads, EachMayHaveItsOwn) {
  const Image alone = load().generate(small(7)).image;
  std::vector<Image> images(kThreads);
  on_threads([&](int i) { images[static_cast<std::size_t>(i)] = load().generate(small(7)).image; });
  for (const Image& image : images) EXPECT_EQ(image.rgb, alone.rgb);
}

TEST(Threads, SeveralShareOneModel) {
  const Pipeline pipeline = load();
  std::vector<Image> images(kThreads);
  on_threads([&](int i) { images[static_cast<std::size_t>(i)] = pipeline.share().generate(small(i)).image; });
  for (int i = 0; i < kThreads; ++i)
    EXPECT_EQ(images[static_cast<std::size_t>(i)].rgb, load().generate(small(i)).image.rgb);
}

TEST(Threads, OneThatSharesOutlivesTheOther) {
  auto first = std::make_unique<Pipeline>(load());
  const Pipeline second = first->share();
  const Image before = first->generate(small(3)).image;
  first.reset();
  EXPECT_EQ(second.generate(small(3)).image.rgb, before.rgb);
}

TEST(Threads, AnotherMayStopAndAskMeanwhile) {
  const Pipeline pipeline = load();
  std::stop_source stop;
  Observer observer;
  observer.stop = stop.get_token();
  observer.on_step = [&](const StepProgress& step) {
    if (step.step == 1) std::jthread([&] { stop.request_stop(); });
  };
  const std::jthread asking([&] {
    for (int i = 0; i < 100; ++i) (void)pipeline.resolve(small(i)), (void)pipeline.info();
  });
  Settings slow = small(1);
  slow.steps = 50;
  EXPECT_THROW(pipeline.generate(
                   {slow}, [](std::size_t, Picture) {}, observer),
               Error);
}

}  // namespace
}  // namespace latentdial::detail
