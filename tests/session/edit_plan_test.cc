// How a dial position is made of edits of the finished picture.

#include <gtest/gtest.h>

#include <memory>

#include "session/stage.h"

namespace latentdial::detail {
namespace {

const EditRecipe kRecipe = {.start = 0.4, .passes = 3, .guidance = 0.6};

Task a_task(const char* method, double position) {
  Task task;
  task.content.sampling = {"ddim", "normal", 10, 64, 64};
  task.turn.method = &find_dial_method(method);
  task.turn.style = "style";
  task.turn.position = position;
  return task;
}

Task calibrated(double position) {
  Task task = a_task("calibrated", position);
  Dial dial;
  dial.strengthen = {kRecipe, {{0, 0}, {0.5, 0.8}, {1, 1.5}}, 1, ""};
  task.turn.dial = std::make_shared<const Dial>(dial);
  return task;
}

EditPlan plan_of(const Task& task) {
  std::vector<std::string> notices;
  return plan_edit(task, {}, notices);
}

TEST(EditPlan, MixesWhatTheStrengthsOnEitherSideMakeOfTheFinishedPicture) {
  const EditPlan plan = plan_of(calibrated(0.75));
  EXPECT_EQ(plan.recipe, kRecipe);
  EXPECT_EQ(plan.first, 4);
  ASSERT_EQ(plan.shares.size(), 2u);
  EXPECT_EQ(plan.shares[0].task.turn.position, 0.8);
  EXPECT_EQ(plan.shares[1].task.turn.position, 1.5);
  EXPECT_EQ(plan.shares[0].weight, 0.5);
  EXPECT_EQ(plan.shares[1].weight, 0.5);
  EXPECT_EQ(plan.shares[0].task.turn.method->info.name, "anchored") << "whatever dial they belong to";
}

TEST(EditPlan, ZeroIsTheFinishedPictureItself) {
  const EditPlan plan = plan_of(calibrated(0));
  ASSERT_EQ(plan.shares.size(), 1u);
  EXPECT_EQ(plan.shares[0].task.turn, Turn{});
  EXPECT_EQ(plan.shares[0].weight, 1);
}

TEST(EditPlan, AnchoredIsOneEditAtThePositionItself) {
  Task task = a_task("anchored", 0.7);
  task.turn.recipe = kRecipe;
  const EditPlan plan = plan_of(task);
  EXPECT_EQ(plan.recipe, kRecipe);
  ASSERT_EQ(plan.shares.size(), 1u);
  EXPECT_EQ(plan.shares[0].task.turn.position, 0.7);
  EXPECT_EQ(plan.shares[0].weight, 1);
}

TEST(EditPlan, APeersEditIsItsOwn) {
  Task task = a_task("flowslider", 0.7);
  task.turn.recipe = task.turn.method->own_edit->recipe;
  const EditPlan plan = plan_of(task);
  EXPECT_EQ(plan.first, 3) << "8 of 28 steps are passed over";
  EXPECT_EQ(plan.shares[0].task.turn.method, task.turn.method);
  EXPECT_EQ(plan.shares[0].task.turn.position, 0.7);
}

TEST(EditPlan, TheSameStrengthOfTwoDialsIsOnePicture) {
  Task anchored = a_task("anchored", 0.8);
  anchored.turn.recipe = kRecipe;
  EXPECT_EQ(plan_of(anchored).shares[0].task, plan_of(calibrated(0.5)).shares[0].task);
}

TEST(EditPlan, APositionBeyondTheRangeIsHeldAndSaysSo) {
  std::vector<std::string> notices;
  const EditPlan plan = plan_edit(calibrated(2), {}, notices);
  EXPECT_EQ(plan.shares[0].task.turn.position, 1.5);
  EXPECT_FALSE(notices.empty());
}

}  // namespace
}  // namespace latentdial::detail
