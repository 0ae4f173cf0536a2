#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dial/conditioning.h"
#include "dial/style_words.h"
#include "latentdial/dial.h"
#include "latentdial/settings.h"
#include "tensor/tensor.h"

namespace latentdial::detail {

/// A prompt as the denoiser is told it.
struct EncodedPrompt {
  Condition condition;
  /// Which tokens of the condition are the prompt's own: neither start, end nor padding.
  std::vector<std::int64_t> words = {};
};

/// What a dial has read of the user's words.
struct DialPrompts {
  std::function<EncodedPrompt(const Around& around)> content;  ///< The prompt within what stands around it.
  std::function<EncodedPrompt(const std::string& text)> text;  ///< Any text by itself.
  /// Where the style is a LoRA, the prompts by the model with so much of it; 1: all.
  std::function<PromptPair(double strength)> with_lora = {};
};

/// A dial position to be turned into a conditioning.
struct DialRequest {
  std::string prompt;
  std::string style;
  bool is_lora = false;                   ///< The style is a LoRA, and no words.
  std::string words = kStyleAfterPrompt;  ///< As Dial::words.
  double position = 0;                    ///< 0 none, 1 full, negative away from the style.
  bool per_token = false;                 ///< Interpolate each token's vector by itself.
  StepInterval window = {};               ///< Share of the run in which the style acts.
  ClassifierFreeGuidance guidance = {};
  Tensor mask = {};  ///< Where the style acts, [1,h,w,1] in [0, 1]; undefined: everywhere.

  /// The style's words around the prompt.
  [[nodiscard]] Around styled() const { return around_prompt(words, style); }
};

/// A finished picture's edit at one evaluation, latents [1,h,w,C], f32.
struct SeenEdit {
  const Tensor& original;  ///< x₀, the finished picture.
  const Tensor& noised;    ///< z, the edited one under noise, as a flow has it: (1−t)·x + t·n, 0 < t < 1.
  const Tensor& clean;     ///< x̂₀, the picture that the denoiser sees in z.
};

/// How a method edits finished pictures that does not do it as `anchored` is told.
struct OwnEdit {
  EditRecipe recipe;
  /// What the edit at a position is to change of x₀ by what is seen (denoise/anchored_edit.h). Null: what the
  /// model sees of the edited picture less what it sees of the original.
  Tensor (*change)(const SeenEdit& seen, double position) = nullptr;
};

/// One way to set a style's strength: in the text encoding, or by guiding the diffusion.
struct DialMethod {
  MethodInfo info;  ///< Name, summary and what it can do.
  Conditioning (*condition)(const DialRequest& request, const DialPrompts& prompts);
  /// Share of the run before which the position has no say, so that all positions share those steps; a
  /// method with a window has its start.
  double start = 0;
  std::optional<OwnEdit> own_edit = {};
  /// A position is a share of the path that key pictures tell (dial/style_path.h), and `condition` is asked
  /// for the strength that this comes to.
  bool follows_path = false;
};

/// All methods, the default first.
[[nodiscard]] const std::vector<DialMethod>& dial_method_table();

/// The method of that name; throws invalid_input listing the names.
[[nodiscard]] const DialMethod& find_dial_method(std::string_view name);

}  // namespace latentdial::detail
