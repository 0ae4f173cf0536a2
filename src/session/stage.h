#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "latentdial/pipeline.h"
#include "session/session.h"
#include "session/shown_words.h"
#include "task/second_pass.h"

namespace latentdial::detail {

/// Pictures of one size, at one point of one schedule, that part at one evaluation.
struct Batch {
  std::vector<Task> tasks;
  std::unique_ptr<Sampler> sampler;  ///< The schedule; each picture takes its steps on a sampler of its own.
  int first = 0;                     ///< The evaluation that all begin at.
  int fork = 0;                      ///< The one at which they part.
  std::optional<SecondPass> second_pass = {};  ///< Of each of them.

  /// How many evaluations a step takes.
  [[nodiscard]] std::size_t looks() const { return looks_at_step(tasks.front().content.source); }
};

/// Tells an observer of the steps of one batch, and shows it the batch's pictures under way.
class BatchObserver {
 public:
  /// `progress` has the steps in all; the batch's pictures stand in the observer's list from `begin` on. The
  /// observer must outlive this.
  BatchObserver(const Observer& observer, const StepProgress& progress, std::size_t begin)
      : observer_(observer), progress_(progress), begin_(begin) {}

  /// A stage begins, each step of which takes so many U-Net evaluations.
  void begin_stage(std::size_t evaluations) { evaluations_ = static_cast<std::int64_t>(evaluations); }
  /// One more step is done.
  void step() {
    ++progress_.step;
    progress_.evaluations += evaluations_;
    if (observer_.on_step) observer_.on_step(progress_);
  }
  /// Whether the observer wants to see what this step made of a picture. Pictures count within the batch.
  [[nodiscard]] bool wants_preview(std::size_t picture) const {
    // After the last step comes the picture itself.
    return observer_.on_preview && observer_.wants_preview && progress_.step < progress_.steps &&
           observer_.wants_preview(progress_, begin_ + picture);
  }
  void show(std::size_t picture, const Image& preview) const {
    observer_.on_preview({.picture = begin_ + picture, .step = progress_.step, .image = preview});
  }
  [[nodiscard]] const std::stop_token& stop() const { return observer_.stop; }

 private:
  const Observer& observer_;
  StepProgress progress_;
  std::size_t begin_;
  std::int64_t evaluations_ = 0;  // Of a step.
};

/// A picture of a batch that is made.
struct Finished {
  Image image;
  std::vector<std::string> notices;
  std::optional<double> shows;  ///< As Picture's.
};

/// A picture of a batch that is denoised, of a first pass or of the only one.
struct Drawn {
  Tensor latents;  ///< [1,h,w,C], f32.
  Turn turn;       ///< What it was drawn by, so what a second pass draws it by.
  std::vector<std::string> notices = {};
  std::optional<double> shows;  ///< As Picture's.
};

/// What a stage works with.
struct Work {
  Session& session;
  const Batch& batch;
  BatchObserver& observer;
  std::vector<std::string> notices = {};  ///< Of all pictures of the batch.
  /// Takes the batch's pictures as they are finished, each once.
  std::function<void(std::size_t picture, Finished)> finish = {};
  std::vector<Drawn> drawn = {};    ///< Those that a second pass goes on from.
  std::vector<bool> finished = {};  ///< Which of those are that need not wait for the last stage.
};

/// Finishes a picture of the batch that is denoised, or keeps it for the second pass.
void finish_drawn(Work& work, std::size_t picture, Drawn drawn);

/// The most pictures of a size that are denoised in one batch.
[[nodiscard]] std::size_t most_at_once(const Model& model, int width, int height);

/// How many batches a list takes.
[[nodiscard]] inline int batches_of(std::size_t count, std::size_t at_once) {
  return static_cast<int>((count + at_once - 1) / at_once);
}

// Each stage does its part of the work on a batch, and remembers in the session what later pictures need. Its
// steps are how often it tells the observer of one; each takes so many U-Net evaluations, one for every
// picture.

/// Takes pictures back to noise.
struct Invert {
  std::vector<Content> pictures;  ///< One size and schedule.
  std::size_t at_once = 1;        ///< Most that go in one batch.
  void run(Work& work) const;
  [[nodiscard]] int steps(const Batch& batch) const;
  [[nodiscard]] std::size_t evaluations(const Batch&) const { return std::min(pictures.size(), at_once); }
};

/// Makes what pictures have in common.
struct MakeTrunks {
  std::vector<TrunkKey> trunks;  ///< All up to one evaluation of one schedule.
  void run(Work& work) const;
  [[nodiscard]] int steps(const Batch& batch) const { return trunks.front().until - batch.first; }
  [[nodiscard]] std::size_t evaluations(const Batch& batch) const { return trunks.size() * batch.looks(); }
};

/// Looks where start images show words that say what is redrawn of them.
struct FindParts {
  std::vector<ShownWords> parts;
  void run(Work& work) const;
  [[nodiscard]] int steps(const Batch&) const { return static_cast<int>(parts.size()); }
  [[nodiscard]] static std::size_t evaluations(const Batch&) { return kLooksForWords; }
};

/// Looks where finished pictures show words.
struct FindWords {
  std::vector<WordMaskKey> masks;  ///< The pictures' trunks are known by then.
  void run(Work& work) const;
  [[nodiscard]] static int steps(const Batch&) { return 0; }
  [[nodiscard]] static std::size_t evaluations(const Batch&) { return 0; }
};

/// Decodes finished pictures as they are, and finishes those of the batch that are made of them alone.
struct DecodeTrunks {
  std::vector<Task> pictures;
  void run(Work& work) const;
  [[nodiscard]] static int steps(const Batch&) { return 0; }
  [[nodiscard]] static std::size_t evaluations(const Batch&) { return 0; }
};

/// Edits finished pictures, all by one recipe.
struct Edit {
  std::vector<Task> pictures;
  void run(Work& work) const;
  [[nodiscard]] int steps(const Batch& batch) const;
  [[nodiscard]] std::size_t evaluations(const Batch& batch) const;
};

/// Denoises the batch's pictures from their trunks on, and decodes them.
struct DenoiseForks {
  static void run(Work& work);
  [[nodiscard]] static int steps(const Batch& batch) { return batch.sampler->evaluations() - batch.fork; }
  [[nodiscard]] static std::size_t evaluations(const Batch& batch) {
    return batch.tasks.size() * batch.looks();
  }
};

/// Finishes those of the batch's pictures that are edited, or left as they are, by now.
struct FinishEdits {
  static void run(Work& work);
  [[nodiscard]] static int steps(const Batch&) { return 0; }
  [[nodiscard]] static std::size_t evaluations(const Batch&) { return 0; }
};

/// Looks at plain pictures while their scenes are laid out, for what is drawn on the paths from them.
struct FindLayouts {
  std::vector<Content> pictures;
  std::size_t at_once = 1;  ///< Most that go in one batch.
  void run(Work& work) const;
  [[nodiscard]] int steps(const Batch& batch) const;
  [[nodiscard]] std::size_t evaluations(const Batch&) const { return std::min(pictures.size(), at_once); }
};

/// Draws key pictures of dials that follow a path, and finishes those of the batch that are such.
struct DrawKeys {
  std::vector<Task> keys;   ///< As Session::keys has them.
  std::size_t at_once = 1;  ///< Most that go in one batch.
  void run(Work& work) const;
  [[nodiscard]] int steps(const Batch& batch) const;
  [[nodiscard]] std::size_t evaluations(const Batch&) const { return std::min(keys.size(), at_once); }
};

/// Draws one more key picture on each path, where that is widest.
struct DrawWidestKeys {
  std::vector<Task> paths;  ///< Their styled ends; the other key pictures are known by then.
  std::size_t at_once = 1;  ///< Most that go in one batch.
  void run(Work& work) const;
  [[nodiscard]] int steps(const Batch& batch) const;
  [[nodiscard]] std::size_t evaluations(const Batch&) const { return std::min(paths.size(), at_once); }
};

/// Draws those of the batch's pictures that lie between key pictures, which are known by then.
struct DrawBetween {
  std::size_t pictures = 0;  ///< How many they are.
  static void run(Work& work);
  [[nodiscard]] int steps(const Batch& batch) const;
  [[nodiscard]] std::size_t evaluations(const Batch&) const { return pictures; }
};

/// Makes the batch's pictures of worse copies.
struct Restore {
  static void run(Work& work);
  [[nodiscard]] static int steps(const Batch& batch);
  [[nodiscard]] static std::size_t evaluations(const Batch& batch) { return batch.looks(); }
};

/// Enlarges the batch's pictures, all of which are drawn by then, and draws them a second time.
struct DrawLarger {
  std::size_t pictures = 0;
  std::size_t at_once = 1;   ///< Most that go in one batch.
  int steps_of_picture = 0;  ///< Of its second pass.
  void run(Work& work) const;
  [[nodiscard]] int steps(const Batch&) const { return batches_of(pictures, at_once) * steps_of_picture; }
  [[nodiscard]] std::size_t evaluations(const Batch&) const { return std::min(pictures, at_once); }
};

using Stage =
    std::variant<Restore, FindParts, Invert, MakeTrunks, FindWords, DecodeTrunks, Edit, DenoiseForks,
                 FinishEdits, FindLayouts, DrawKeys, DrawWidestKeys, DrawBetween, DrawLarger>;

/// The start picture of a content as a content of its own, and the picture at its other end where it has one:
/// what decides their inversions. Neither the dial nor the other picture has a say in them.
[[nodiscard]] std::vector<Content> inverted_ends(const Content& content);

/// The key pictures that the batch's positions lie between, but for the plain one, in the order that they are
/// drawn in; the paths' ends first. A position at an end needs that alone.
[[nodiscard]] std::vector<Task> key_pictures(const Batch& batch);

/// Whether a position lies on the path from the plain picture to the end, and is no key picture.
[[nodiscard]] bool lies_on_path(const Turn& turn);

/// Whether all key pictures of the path to `end` are known. The plain one need not be.
[[nodiscard]] bool knows_path(const Session& session, const Task& end);

/// The picture that a task's position is edited to: the finished one itself at 0.
[[nodiscard]] Task edited(const Task& task);

/// The evaluation that a task's edit begins at.
[[nodiscard]] int first_of_edit(const Task& task, const Sampler& sampler);

[[nodiscard]] Batch make_batch(std::vector<Task> tasks, const NoiseSchedule& schedule,
                               std::optional<SecondPass> second_pass = {});

/// Appends the stages of a batch's work, in order. What the session remembers is not planned, nor what the
/// stages before make, which are those of earlier batches.
void plan_stages(const Session& session, const Batch& batch, std::vector<Stage>& stages);

}  // namespace latentdial::detail
