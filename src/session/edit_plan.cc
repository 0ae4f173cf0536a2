#include "session/edit_plan.h"

#include "task/find_dial.h"

namespace latentdial::detail {
namespace {

/// The finished picture of a task, edited at a strength; 0: as it is.
Task edited(const Task& task, const EditRecipe& recipe, double strength) {
  if (strength == 0) return {task.content, {}};
  return {task.content,
          {.method = &find_dial_method("anchored"),
           .style = task.turn.style,
           .position = strength,
           .window = {recipe.start, task.turn.window.end},
           .recipe = recipe,
           .area = task.turn.area}};
}

}  // namespace

EditPlan plan_edit(const Task& task, const NoiseSchedule& schedule, std::vector<std::string>& notices) {
  const Turn& turn = task.turn;
  EditPlan plan{turn.recipe, 0, {}};
  if (turn.dial) {
    const std::string prompt = task.content.to.prompt.empty() ? task.content.words.prompt : "";
    const double position = held_position(turn, prompt, task.content.guidance.scale, notices);
    const auto [below, above, share] = turn.dial->around(position);
    plan.recipe = turn.dial->side_of(position).recipe;
    if (share < 1) plan.shares.push_back({edited(task, plan.recipe, below.strength), 1 - share});
    if (share > 0) plan.shares.push_back({edited(task, plan.recipe, above.strength), share});
  } else {
    plan.shares.push_back({edited(task, plan.recipe, turn.position), 1});
  }
  const auto sampler = make_sampler(task.content.sampling, schedule);
  plan.first = sampler->evaluation_at(first_evaluation(task.content.source, *sampler), plan.recipe.start);
  return plan;
}

}  // namespace latentdial::detail
