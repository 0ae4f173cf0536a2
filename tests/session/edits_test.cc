// What a position of a method is that edits the finished picture.

#include <gtest/gtest.h>

#include "session/stage.h"

namespace latentdial::detail {
namespace {

Task a_task(const char* method, double position) {
  Task task;
  task.content.sampling = {.sampler = "ddim", .scheduler = "normal", .steps = 10, .width = 64, .height = 64};
  task.turn.method = &find_dial_method(method);
  task.turn.style = "style";
  task.turn.position = position;
  return task;
}

int first_of(const Task& task) {
  return first_of_edit(task, *make_sampler(task.content.sampling, {}));
}

TEST(Edits, ZeroIsTheFinishedPictureItself) {
  EXPECT_EQ(edited(a_task("anchored", 0)).turn, Turn{});
}

TEST(Edits, AnchoredBeginsWhereItIsTold) {
  Task task = a_task("anchored", 0.7);
  task.turn.recipe = {.start = 0.4, .passes = 3, .guidance = 0.6};
  EXPECT_EQ(first_of(task), 4);
  EXPECT_EQ(edited(task).turn.position, 0.7);
  EXPECT_EQ(edited(task).turn.window.start, 0.4);
}

TEST(Edits, APeersEditIsItsOwn) {
  Task task = a_task("flowslider", 0.7);
  task.turn.recipe = task.turn.method->own_edit->recipe;
  EXPECT_EQ(first_of(task), 3) << "8 of 28 steps are passed over";
  EXPECT_EQ(edited(task).turn.method, task.turn.method);
}

}  // namespace
}  // namespace latentdial::detail
