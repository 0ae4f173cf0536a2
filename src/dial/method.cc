#include "dial/method.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "dial/methods.h"
#include "latentdial/error.h"

namespace latentdial {
namespace {

double from_the_start(const DialRequest&) {
  return 0;
}

double at_the_end(const DialRequest&) {
  return 1;
}

double from_its_window(const DialRequest& request) {
  return request.window.start;
}

EditPlan edit_at_position(const DialRequest& request) {
  return {request.way, {{request.position, 1}}};
}

EditPlan edit_by_dial(const DialRequest& request) {
  const Dial& dial = *request.dial;
  const auto [below, above, share] = dial.around(request.position);
  const DialSide& side = dial.side_of(request.position);
  EditPlan plan{side.way, {}};
  if (share < 1) plan.shares.push_back({below.strength, 1 - share});
  if (share > 0) plan.shares.push_back({above.strength, share});
  return plan;
}

}  // namespace

const std::vector<DialMethod>& dial_method_table() {
  static const std::vector<DialMethod> table = {
      {"calibrated", "the share p of what anchored changes until the style shows in full", condition_guide,
       at_the_end, edit_by_dial},
      {"slerp", "slerp(x1, x1+v, p)", condition_slerp, from_the_start},
      {"slerp-diff", "slerp(x1, x1-v, -p)", condition_slerp_diff, from_the_start},
      {"slerp-diff-normalised", "slerp(x1, |x1|(x1-v)/|x1-v|, -p)", condition_slerp_diff_normalised,
       from_the_start},
      {"lerp", "(1-p) x1 + p x(\"PROMPT, STYLE\")", condition_lerp, from_the_start},
      {"weight", "x(\"PROMPT, (STYLE:p)\"), mean restored", condition_weight, from_the_start},
      {"weight-compel", "x0 + p (x(\"PROMPT, STYLE\") - x0) on the style's tokens", condition_weight_compel,
       from_the_start},
      {"sega", "e0 + s (e(x1) - e0) + momentum of the largest 8 p (e(v) - e0)", condition_sega,
       from_the_start},
      {"dreamwalk", "e0 + s (e(x1) - e0) + p s (e(v) - e0), late", condition_dreamwalk,
       [](const DialRequest&) { return kDreamWalkStart; }},
      {"freesliders", "e0 + s (e(x1) - e0) + p s (e(\"PROMPT, STYLE\") - e(x1)), late",
       condition_free_sliders, [](const DialRequest&) { return kFreeSlidersStart; }},
      {"steer", "x1 + p mean(x(\"X, STYLE\") - x(X))", condition_steer, from_the_start},
      {"guide", "e0 + s (e(x1) - e0) + s p w(t) (e(\"PROMPT, STYLE\") - e(x1))", condition_guide,
       from_its_window},
      {"anchored", "guide, from the finished picture and with its layout", condition_guide, at_the_end,
       edit_at_position},
  };
  return table;
}

const DialMethod& find_dial_method(std::string_view name) {
  const auto& table = dial_method_table();
  const auto found =
      std::find_if(table.begin(), table.end(), [&](const auto& method) { return method.name == name; });
  if (found != table.end()) return *found;
  std::vector<std::string_view> names;
  for (const auto& method : table) names.push_back(method.name);
  throw invalid_input("method", fmt::format("\"{}\" is unknown; use {}", name, fmt::join(names, ", ")));
}

}  // namespace latentdial
