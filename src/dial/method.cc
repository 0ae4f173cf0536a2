#include "dial/method.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "dial/methods.h"
#include "dial/peers/peers.h"
#include "latentdial/error.h"

namespace latentdial {

using namespace detail;

const std::vector<DialMethod>& detail::dial_method_table() {
  static const std::vector<DialMethod> table = {
      {{.name = "calibrated",
        .summary =
            "each position is drawn with words between; it is its share of the way to the styled picture",
        .acts_on_part = true,
        .turns_loras = true,
        .takes_dial = true},
       condition_between,
       0,
       {},
       true},
      {{.name = "slerp",
        .summary = "the paper's: towards the prompt's encoding plus the style's",
        .angle = true},
       condition_slerp},
      {{.name = "slerp-diff",
        .summary = "the paper's weakening: towards the prompt's encoding less the style's",
        .angle = true,
        .weakens = true},
       condition_slerp_diff},
      {{.name = "slerp-diff-normalised",
        .summary = "the same towards a difference of the prompt's own length",
        .angle = true,
        .weakens = true},
       condition_slerp_diff_normalised},
      {{.name = "lerp", .summary = "in a straight line to the encoding of \"PROMPT, STYLE\""},
       condition_lerp},
      {{.name = "weight", .summary = "A1111's emphasis on the style's words", .peer = true},
       condition_weight},
      {{.name = "weight-compel", .summary = "compel's weights on the style's words", .peer = true},
       condition_weight_compel},
      {{.name = "sega", .summary = "semantic guidance", .peer = true}, condition_sega},
      {{.name = "dreamwalk",
        .summary = "DreamWalk: prompt and style guide apart, the style later",
        .peer = true},
       condition_dreamwalk,
       kDreamWalkStart},
      {{.name = "freesliders", .summary = "FreeSliders: guidance towards the style, later", .peer = true},
       condition_free_sliders,
       kFreeSlidersStart},
      {{.name = "steer", .summary = "a steering vector added to every token", .peer = true}, condition_steer},
      {{.name = "flowslider",
        .summary = "FlowSlider: the finished picture is edited, the steering to the style scaled",
        .edits = true,
        .peer = true},
       condition_flow_slider,
       0,
       OwnEdit{kFlowSliderRecipe}},
      {{.name = "veloedit",
        .summary = "VeloEdit: the finished picture is drawn anew, led back to it where both agree",
        .edits = true,
        .peer = true},
       condition_velo_edit,
       0,
       OwnEdit{kVeloEditRecipe, velo_edit_change}},
      {{.name = "guide",
        .summary = "the diffusion is guided to the style",
        .acts_on_part = true,
        .window = true,
        .turns_loras = true},
       condition_guide},
      {{.name = "anchored",
        .summary = "the finished picture is edited, its scene stays",
        .acts_on_part = true,
        .window = true,
        .edits = true,
        .turns_loras = true},
       condition_guide},
  };
  return table;
}

const DialMethod& detail::find_dial_method(std::string_view name) {
  std::vector<std::string_view> names;
  for (const auto& method : dial_method_table()) {
    if (method.info.name == name) return method;
    names.push_back(method.info.name);
  }
  throw invalid_input("method", fmt::format("\"{}\" is unknown; use {}", name, fmt::join(names, ", ")));
}

std::vector<MethodInfo> dial_methods() {
  std::vector<MethodInfo> list;
  for (const auto& method : dial_method_table()) list.push_back(method.info);
  return list;
}

}  // namespace latentdial
