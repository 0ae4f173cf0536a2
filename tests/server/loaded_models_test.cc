// Which models are in memory, who waits for whom, and what goes.
#include "loaded_models.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <latch>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "latentdial/error.h"

namespace latentdial::server {
namespace {

using namespace std::chrono_literals;

constexpr auto kSoon = 20s;    // What comes at once comes by then, on a busy machine too.
constexpr auto kLater = 50ms;  // What waits has not come by then.

/// Models that are one in truth: each read is noted, and may be held up.
class Shelf {
 public:
  explicit Shelf(std::uint64_t most, std::size_t workers = 4)
      : main_(Pipeline::load({.model = LATENTDIAL_GOLDEN_DIR "/models/sdxl", .dtype = "f32", .threads = 1})),
        models(
            most, workers, model("main"), main_.share(), [](const std::string&) {}, {},
            [this](const ModelOptions& options) { return read(options.model); }) {}

  /// Each takes 10 bytes.
  ModelPtr model(const std::string& name) {
    auto& known = known_[name];
    if (!known) {
      ServedModel made{.options = {.model = name, .dtype = "f32"}, .info = main_.info(), .file = name};
      made.info.name = name;
      made.info.memory = 10;
      known = std::make_shared<const ServedModel>(made);
    }
    return known;
  }

  LoadedModels::Use use(const std::string& name, std::size_t worker = 0) {
    return models.use(model(name), worker, {});
  }
  bool is_loaded(const std::string& name) { return models.use_loaded(model(name)).has_value(); }
  /// Uses a model on a thread of its own until the future is looked at, and says how many were read by then.
  std::future<int> later(const std::string& name, std::size_t worker) {
    return std::async(std::launch::async, [this, one = model(name), worker] {
      const auto use = models.use(one, worker, {});
      return reads.load();
    });
  }

 private:
  Pipeline read(const std::string& name) {
    ++reads;
    reading = name;
    while (held_up == name) std::this_thread::sleep_for(1ms);
    if (name == "broken") throw invalid_input("model", "cannot be read");
    return main_.share();
  }

  Pipeline main_;
  std::map<std::string, ModelPtr> known_;

 public:
  std::atomic<int> reads = 0;
  /// What is being read, and what does not come to its end: of several threads.
  struct Name {
    void operator=(const std::string& name) {
      const std::scoped_lock lock(mutex);
      text = name;
    }
    bool operator==(const std::string& name) {
      const std::scoped_lock lock(mutex);
      return text == name;
    }
    std::mutex mutex;
    std::string text;
  } reading, held_up;
  LoadedModels models;
};

void wait_for(const std::function<bool()>& true_at_last) {
  const auto until = std::chrono::steady_clock::now() + kSoon;
  while (!true_at_last() && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(1ms);
  ASSERT_TRUE(true_at_last());
}

TEST(LoadedModels, TheOneThatWasUsedTheLongestAgoGoesFirst) {
  Shelf shelf(30);
  for (const char* name : {"a", "b", "main", "a"}) (void)shelf.use(name);
  EXPECT_EQ(shelf.reads, 2);
  (void)shelf.use("c");
  EXPECT_FALSE(shelf.is_loaded("b"));
  EXPECT_TRUE(shelf.is_loaded("main") && shelf.is_loaded("a") && shelf.is_loaded("c"));
}

TEST(LoadedModels, OneThatIsUsedDoesNotGo) {
  Shelf shelf(20);
  const auto used = shelf.use("main");
  (void)shelf.use("a");
  (void)shelf.use("b");
  EXPECT_TRUE(shelf.is_loaded("main") && shelf.is_loaded("b"));
  EXPECT_FALSE(shelf.is_loaded("a"));
  shelf.models.unload(shelf.model("main"));
  EXPECT_TRUE(shelf.is_loaded("main"));
}

TEST(LoadedModels, WhoFindsNoRoomWaitsForItAndIsNotPassedBy) {
  Shelf shelf(10);
  std::future<int> first, second;
  {
    const auto used = shelf.use("main");
    first = shelf.later("a", 1);
    ASSERT_EQ(first.wait_for(kLater), std::future_status::timeout);
    second = shelf.later("main", 2);  // It is loaded, but the other was there before.
    EXPECT_EQ(second.wait_for(kLater), std::future_status::timeout);
    EXPECT_EQ(shelf.reads, 0) << "two would be in memory";
  }
  ASSERT_EQ(first.wait_for(kSoon), std::future_status::ready);
  EXPECT_EQ(first.get(), 1);
  EXPECT_EQ(second.get(), 2);
}

TEST(LoadedModels, OneThatIsBeingReadHoldsUpNobodyWhoseModelIsLoaded) {
  Shelf shelf(30);
  (void)shelf.use("a");
  shelf.held_up = "slow";
  auto slow = shelf.later("slow", 0), same = shelf.later("slow", 1);
  wait_for([&] { return shelf.reading == "slow"; });
  auto quick = shelf.later("a", 2), other = shelf.later("main", 3);
  EXPECT_EQ(quick.wait_for(kSoon), std::future_status::ready);
  EXPECT_EQ(other.wait_for(kSoon), std::future_status::ready);
  EXPECT_EQ(slow.wait_for(0s), std::future_status::timeout);
  shelf.held_up = "";
  EXPECT_EQ(slow.get(), 2);
  EXPECT_EQ(same.get(), 2) << "it is read once";
}

TEST(LoadedModels, OneThatIsBeingReadHasItsRoom) {
  Shelf shelf(20);
  shelf.held_up = "slow";
  auto slow = shelf.later("slow", 0);
  wait_for([&] { return shelf.reading == "slow"; });
  std::future<int> next;
  {
    const auto used = shelf.use("main", 1);
    next = shelf.later("b", 2);
    EXPECT_EQ(next.wait_for(kLater), std::future_status::timeout) << "three would be in memory";
  }
  ASSERT_EQ(next.wait_for(kSoon), std::future_status::ready);
  EXPECT_FALSE(shelf.is_loaded("main"));
  shelf.held_up = "";
  EXPECT_EQ(slow.get(), 2);
}

TEST(LoadedModels, OneThatCannotBeReadLeavesNothingBehind) {
  Shelf shelf(20);
  for (int i = 0; i < 3; ++i) EXPECT_THROW((void)shelf.use("broken"), Error);
  EXPECT_FALSE(shelf.is_loaded("broken"));
  (void)shelf.use("a");
  EXPECT_TRUE(shelf.is_loaded("main") && shelf.is_loaded("a"));
}

TEST(LoadedModels, WhoIsStoppedWhileHeWaitsHoldsUpNobody) {
  Shelf shelf(10);
  const auto used = shelf.use("main");
  std::stop_source stop;
  auto waits = std::async(std::launch::async, [&, one = shelf.model("a")] {
    EXPECT_THROW((void)shelf.models.use(one, 1, stop.get_token()), Error);
  });
  ASSERT_EQ(waits.wait_for(kLater), std::future_status::timeout);
  stop.request_stop();
  ASSERT_EQ(waits.wait_for(kSoon), std::future_status::ready);
  EXPECT_EQ(shelf.later("main", 2).wait_for(kSoon), std::future_status::ready);
}

TEST(LoadedModels, UnderManyWorkersNeverMoreAreUsedThanFit) {
  Shelf shelf(20, 8);
  std::mutex mutex;
  std::multiset<std::string> used;
  std::size_t most = 0;
  std::vector<ModelPtr> all;
  for (const char* name : {"main", "a", "b", "c"}) all.push_back(shelf.model(name));
  std::vector<std::thread> workers;
  for (std::size_t worker = 0; worker < 8; ++worker)
    workers.emplace_back([&, worker] {
      for (std::size_t i = 0; i < 40; ++i) {
        const ModelPtr& model = all[(worker * 7 + i * i) % all.size()];
        const auto use = shelf.models.use(model, worker, {});
        std::unique_lock lock(mutex);
        const auto mine = used.insert(model->name());
        most = std::max(most, std::set<std::string>(used.begin(), used.end()).size());
        lock.unlock();
        std::this_thread::yield();
        lock.lock();
        used.erase(mine);
      }
    });
  for (std::thread& worker : workers) worker.join();
  EXPECT_LE(most, 2u);
  EXPECT_GT(shelf.reads, 3);
}

}  // namespace
}  // namespace latentdial::server
