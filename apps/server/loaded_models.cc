#include "loaded_models.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "latentdial/error.h"

namespace latentdial::server {
namespace {

constexpr double kMiB = 1 << 20;

/// Unlocked as long as it lives.
struct Unlocked {
  explicit Unlocked(std::unique_lock<std::mutex>& of) : lock(of) { lock.unlock(); }
  ~Unlocked() { lock.lock(); }
  Unlocked(const Unlocked&) = delete;
  Unlocked& operator=(const Unlocked&) = delete;
  std::unique_lock<std::mutex>& lock;
};

double mebibytes(std::uint64_t bytes) {
  return std::ceil(static_cast<double>(bytes) / kMiB);
}

}  // namespace

struct LoadedModels::Loaded {
  Loaded(ModelPtr of, Pipeline base, std::size_t workers)
      : model(std::move(of)), pipeline(std::move(base)), own(workers) {}

  ModelPtr model;
  Pipeline pipeline;                                 ///< For looking at requests.
  std::vector<std::unique_ptr<const Pipeline>> own;  ///< Each worker's, which remembers its jobs.
  std::size_t uses = 0;
};

LoadedModels::LoadedModels(std::uint64_t most, std::size_t workers, const ModelPtr& main, Pipeline pipeline,
                           Log log, Log news, Loader loader)
    : most_(most),
      workers_(workers),
      log_(std::move(log)),
      news_(std::move(news)),
      loader_(std::move(loader)) {
  if (main->info.memory > most_)
    throw invalid_input("max_memory", fmt::format("the model {} alone takes {:.0f} MiB, so allow as much",
                                                  main->name(), mebibytes(main->info.memory)));
  loaded_.push_back(std::make_unique<Loaded>(main, std::move(pipeline), workers_));
}

LoadedModels::~LoadedModels() = default;

void LoadedModels::require_room(const ServedModel& model) const {
  if (model.info.memory <= most_) return;
  throw invalid_input(
      "model", fmt::format("{} takes {:.0f} MiB, but this server keeps {:.0f} MiB of models at a time "
                           "(latentdial serve --max-memory)",
                           model.name(), mebibytes(model.info.memory), static_cast<double>(most_) / kMiB));
}

/// With the lock held.
LoadedModels::Loaded* LoadedModels::find(const ServedModel& model) const {
  const auto found =
      std::ranges::find_if(loaded_, [&](const auto& one) { return one->model.get() == &model; });
  return found == loaded_.end() ? nullptr : found->get();
}

/// With the lock held: whether it fits beside those that are used.
bool LoadedModels::has_room(const ServedModel& model) const {
  std::uint64_t used = in_flight_;
  for (const auto& one : loaded_)
    if (one->uses > 0) used += one->model->info.memory;
  return used + model.info.memory <= most_;
}

/// With the lock held, where it has room: those that must go.
std::vector<std::unique_ptr<LoadedModels::Loaded>> LoadedModels::make_room(const ServedModel& model) {
  std::uint64_t all = in_flight_ + model.info.memory;
  for (const auto& one : loaded_) all += one->model->info.memory;
  std::vector<std::unique_ptr<Loaded>> going;
  for (auto& one : loaded_) {
    if (all <= most_) break;
    if (one->uses > 0) continue;
    all -= one->model->info.memory;
    going.push_back(std::move(one));
  }
  std::erase(loaded_, nullptr);
  return going;
}

/// Its errors are told to who keeps the server as they are, to clients without places.
std::unique_ptr<LoadedModels::Loaded> LoadedModels::read(const ModelPtr& model) const {
  try {
    auto loaded = std::make_unique<Loaded>(model, loader_(model->options), workers_);
    if (loaded->pipeline.info().fingerprint != model->info.fingerprint)
      throw invalid_input("its files have changed since they were listed; refresh the list");
    return loaded;
  } catch (const Error& error) {
    log_(fmt::format("{} cannot be loaded: {}", model->name(), error.message()));
    throw Error(
        error.code(), "model",
        fmt::format("{} cannot be loaded: {}", model->name(), model->without_places(error.message())));
  }
}

/// With the lock held, but not while it frees and reads.
void LoadedModels::load(const ModelPtr& model, std::unique_lock<std::mutex>& lock) {
  auto going = make_room(*model);
  std::uint64_t bytes = model->info.memory;
  for (const auto& one : going) bytes += one->model->info.memory;
  in_flight_ += bytes;
  loading_.insert(model.get());
  changed_.notify_all();
  const std::shared_ptr<void> lands(nullptr, [&](void*) {
    in_flight_ -= bytes;
    loading_.erase(model.get());
    changed_.notify_all();
  });
  std::unique_ptr<Loaded> loaded;
  {
    const Unlocked unlocked(lock);
    going.clear();  // Their memory is free before another takes as much.
    loaded = read(model);
  }
  if (news_) news_(fmt::format("{} is loaded, {:.0f} MiB", model->name(), mebibytes(model->info.memory)));
  loaded_.push_back(std::move(loaded));
}

/// With the lock held. Throws Error(cancelled) when `stop` comes first.
void LoadedModels::wait_until(std::unique_lock<std::mutex>& lock, const std::stop_token& stop,
                              const std::function<bool()>& true_at_last) {
  if (!changed_.wait(lock, stop, true_at_last))
    throw Error(ErrorCode::cancelled, "stopped before the model was loaded");
}

/// With the lock held, but not while it waits.
void LoadedModels::wait_for_room(const ServedModel& model, std::unique_lock<std::mutex>& lock,
                                 const std::stop_token& stop) {
  const std::uint64_t turn = turns_++;
  waiting_.insert(turn);
  const std::shared_ptr<void> leaves(nullptr, [&](void*) {
    waiting_.erase(turn);
    changed_.notify_all();
  });
  const auto needs_no_room = [&] { return find(model) != nullptr || loading_.contains(&model); };
  wait_until(lock, stop, [&] { return *waiting_.begin() == turn && (needs_no_room() || has_room(model)); });
}

LoadedModels::Use LoadedModels::use(const ModelPtr& model, std::size_t worker, const std::stop_token& stop) {
  require_room(*model);
  std::unique_lock lock(mutex_);
  Loaded* loaded = nullptr;
  while (loaded == nullptr) {
    wait_for_room(*model, lock, stop);
    if (find(*model) == nullptr && !loading_.contains(model.get())) load(model, lock);
    wait_until(lock, stop, [&] { return !loading_.contains(model.get()); });
    loaded = find(*model);  // None where another could not read it, or it has gone again.
  }
  auto& own = loaded->own.at(worker);
  if (!own) own = std::make_unique<const Pipeline>(loaded->pipeline.share());
  ++loaded->uses;
  return {*this, *loaded, *own};
}

std::optional<LoadedModels::Use> LoadedModels::use_loaded(const ModelPtr& model) {
  const std::scoped_lock lock(mutex_);
  Loaded* const loaded = find(*model);
  if (loaded == nullptr) return std::nullopt;
  ++loaded->uses;
  return Use(*this, *loaded, loaded->pipeline);
}

void LoadedModels::release(Loaded& loaded) {
  const std::scoped_lock lock(mutex_);
  --loaded.uses;
  const auto place = std::ranges::find(loaded_, &loaded, &std::unique_ptr<Loaded>::get);
  std::rotate(place, place + 1, loaded_.end());
  changed_.notify_all();
}

void LoadedModels::unload(const ModelPtr& model) {
  std::unique_ptr<Loaded> going;  // Freed when the lock is not held any more.
  const std::scoped_lock lock(mutex_);
  const auto found =
      std::ranges::find_if(loaded_, [&](const auto& one) { return one->model == model && one->uses == 0; });
  if (found == loaded_.end()) return;
  going = std::move(*found);
  loaded_.erase(found);
}

}  // namespace latentdial::server
