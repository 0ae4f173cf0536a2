#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <vector>

#include "guard.h"
#include "latentdial/pipeline.h"
#include "served_model.h"

namespace latentdial::server {

/// The models whose weights are in memory: those that were used last, as many as fit a bound. Thread-safe.
class LoadedModels {
  struct Loaded;

 public:
  /// A model that stays loaded as long as this lives.
  class Use {
   public:
    Use(Use&& other) noexcept : models_(other.models_), loaded_(other.loaded_), pipeline_(other.pipeline_) {
      other.loaded_ = nullptr;
    }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    Use& operator=(Use&&) = delete;
    ~Use() {
      if (loaded_ != nullptr) models_.release(*loaded_);
    }
    [[nodiscard]] const Pipeline& pipeline() const { return pipeline_; }

   private:
    friend class LoadedModels;
    Use(LoadedModels& models, Loaded& loaded, const Pipeline& pipeline)
        : models_(models), loaded_(&loaded), pipeline_(pipeline) {}

    LoadedModels& models_;
    Loaded* loaded_;
    const Pipeline& pipeline_;
  };

  /// What reads a model's files.
  using Loader = std::function<Pipeline(const ModelOptions&)>;

  /// `most` bytes of weights at a time; `main` is loaded already. `log` gets why one is not, `news` which
  /// are. Each of `workers` has a pipeline of its own of a model. Throws invalid_input of "max_memory" where
  /// the main one alone is larger.
  LoadedModels(std::uint64_t most, std::size_t workers, const ModelPtr& main, Pipeline pipeline, Log log,
               Log news = {}, Loader loader = Pipeline::load);
  ~LoadedModels();
  LoadedModels(const LoadedModels&) = delete;
  LoadedModels& operator=(const LoadedModels&) = delete;

  /// The model, and a worker's own pipeline of it. Where it is not loaded, models that nobody uses go first,
  /// the one that was used last at the end; then it waits until there is room. Those who wait for room have
  /// their turns in order; who then waits for files to be read holds up nobody. Throws invalid_input of
  /// "model" for one that cannot be read or has changed, in words without its place, and Error(cancelled)
  /// when `stop` comes first.
  [[nodiscard]] Use use(const ModelPtr& model, std::size_t worker, const std::stop_token& stop);
  /// The model where it is loaded.
  [[nodiscard]] std::optional<Use> use_loaded(const ModelPtr& model);
  /// Frees its memory, unless somebody uses it.
  void unload(const ModelPtr& model);
  /// Throws invalid_input of "model" for one that never fits.
  void require_room(const ServedModel& model) const;

 private:
  [[nodiscard]] Loaded* find(const ServedModel& model) const;
  [[nodiscard]] bool has_room(const ServedModel& model) const;
  [[nodiscard]] std::vector<std::unique_ptr<Loaded>> make_room(const ServedModel& model);
  void wait_until(std::unique_lock<std::mutex>& lock, const std::stop_token& stop,
                  const std::function<bool()>& true_at_last);
  void wait_for_room(const ServedModel& model, std::unique_lock<std::mutex>& lock,
                     const std::stop_token& stop);
  void load(const ModelPtr& model, std::unique_lock<std::mutex>& lock);
  [[nodiscard]] std::unique_ptr<Loaded> read(const ModelPtr& model) const;
  void release(Loaded& loaded);

  const std::uint64_t most_;
  const std::size_t workers_;
  const Log log_, news_;
  const Loader loader_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<std::unique_ptr<Loaded>> loaded_;  // The one that was used last at the end.
  std::set<const ServedModel*> loading_;
  std::uint64_t in_flight_ = 0;      // Bytes of those, and of what goes for them.
  std::set<std::uint64_t> waiting_;  // Turns of those who wait for room, in order.
  std::uint64_t turns_ = 0;
};

}  // namespace latentdial::server
