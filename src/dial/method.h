#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dial/conditioning.h"
#include "latentdial/dial.h"
#include "tensor/tensor.h"

namespace latentdial {

/// A prompt as the U-Net sees it.
struct EncodedPrompt {
  Tensor states;  ///< [1,T,C], f32; T is a multiple of the encoder's window.
  std::vector<std::int64_t> tokens =
      {};  ///< Which of T are the prompt's own: neither start, end nor padding.
};

/// What a dial has read of the user's words.
struct DialPrompts {
  std::function<EncodedPrompt(const std::string& suffix)> content;  ///< The prompt, followed by `suffix`.
  std::function<EncodedPrompt(const std::string& text)> text;       ///< Any text by itself.
};

/// A dial position to be turned into a conditioning.
struct DialRequest {
  std::string prompt;
  std::string style;
  double position = 0;       ///< 0 none, 1 full, negative away from the style.
  bool per_token = false;    ///< Interpolate each token's vector by itself.
  StepInterval window = {};  ///< Share of the run in which the style acts.
  EditWay way = {};          ///< Of method `anchored`.
  ClassifierFreeGuidance guidance = {};
  Tensor mask = {};  ///< Where the style acts, [1,h,w,1] in [0, 1]; undefined: everywhere.
  std::shared_ptr<const Dial> dial = {};  ///< Of method `calibrated`, else none.
};

/// A picture that a dial position is mixed of: the finished one edited at this strength; 0: as it is.
struct EditShare {
  double strength = 0;
  double weight = 1;
};

/// How a method that edits the finished picture changes it for a dial position.
struct EditPlan {
  EditWay way = {};
  std::vector<EditShare> shares;  ///< The picture is their weighted sum; weights add up to 1.
};

/// One way to set a style's strength: in the text encoding, or by guiding the diffusion.
struct DialMethod {
  std::string_view name;
  std::string_view formula;  ///< For help and docs.
  Conditioning (*condition)(const DialRequest& request, const DialPrompts& prompts);
  /// The share of the run before which the position has no say, so that all positions share those steps.
  double (*start)(const DialRequest& request);
  /// Of a method that edits the finished picture, how; `condition` then takes an edit's strength as position.
  /// Null where the position acts while the picture is made.
  EditPlan (*edit)(const DialRequest& request) = nullptr;
};

/// All methods, the default first.
[[nodiscard]] const std::vector<DialMethod>& dial_method_table();

/// The method of that name; throws invalid_input listing the names.
[[nodiscard]] const DialMethod& find_dial_method(std::string_view name);

}  // namespace latentdial
