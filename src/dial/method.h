#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/tensor.h"

namespace latentdial {

/// Encodes a prompt: text → hidden states [1, T, C], f32.
using TextEncoder = std::function<Tensor(const std::string&)>;

/// A dial position to be turned into an encoding.
struct DialRequest {
  std::string prompt;
  std::string style;
  double position = 0;     ///< 0 none, 1 full, negative away from the style.
  bool per_token = false;  ///< Interpolate each token's vector by itself.
};

/// What a dial position conditions the diffusion on.
struct DialEncoding {
  Tensor states;         ///< Where the picture starts.
  Tensor styled_states;  ///< What it is guided to with the position as strength; undefined where the position
                         ///< is in `states` already.
};

/// One way to set a style's strength: in the text encoding, or by guiding the diffusion.
struct DialMethod {
  std::string_view name;
  std::string_view formula;  ///< For help and docs.
  DialEncoding (*encode)(const DialRequest& request, const TextEncoder& encode);
};

/// All methods, the default first. With x₁ the prompt's encoding, v the style's and p the position:
/// - `slerp`, the paper's augmentation: slerp(x₁, x₁+v, p);
/// - `slerp-diff`, the paper's weakening, towards the difference: slerp(x₁, x₁−v, −p), so that a negative
/// position weakens;
/// - `slerp-diff-normalised`, its DALL-E 2 form (Ramesh et al. 2022, section 3.3): slerp(x₁,
/// ‖x₁‖·(x₁−v)/‖x₁−v‖, −p);
/// - `lerp`: from x₁ to the encoding of "PROMPT, STYLE", linearly.
/// - `guide`, the paper's future work: x₁ starts the picture, and the diffusion is guided from its prediction
/// to that of "PROMPT, STYLE" (`classifier_free_guidance`). Every method gives exactly the plain picture at
/// position 0.
[[nodiscard]] const std::vector<DialMethod>& dial_method_table();

/// The method of that name; throws invalid_input listing the names.
[[nodiscard]] const DialMethod& find_dial_method(std::string_view name);

}  // namespace latentdial
