#include "session/conditions.h"

#include <utility>

#include "dial/slerp.h"
#include "dial/text_states.h"
#include "model/pixels.h"
#include "session/composed_prompt.h"

namespace latentdial::detail {
namespace {

/// Conditions the texts of one step, which are the same at every step.
class ConstantPrompt {
 public:
  ConstantPrompt(Session& session, const Content& content, std::vector<std::string>& notices)
      : session_(session), content_(content), notices_(notices) {}

  [[nodiscard]] EncodedPrompt encode(const std::string& text) const {
    return session_.prompts.encode(text, content_.words.syntax, notices_);
  }

  [[nodiscard]] Conditioning condition(const Texts& texts, const Turn& turn, const Tensor& mask) const {
    const ClassifierFreeGuidance guidance = {encode(texts.negative_prompt).condition, content_.guidance.scale,
                                             content_.guidance.interval};
    if (turn.method == nullptr) return guidance.condition(encode_content(texts, "").condition);
    const DialRequest request = {.prompt = texts.to_prompt.empty() ? texts.prompt : "",
                                 .style = turn.style,
                                 .position = turn.position,
                                 .per_token = content_.per_token,
                                 .window = turn.window,
                                 .guidance = guidance,
                                 .mask = mask};
    return turn.method->condition(
        request, {.content = [&](const std::string& suffix) { return encode_content(texts, suffix); },
                  .text = [&](const std::string& text) { return encode(text); }});
  }

 private:
  /// The prompt followed by a suffix, or what lies between it and the other end's.
  [[nodiscard]] EncodedPrompt encode_content(const Texts& texts, const std::string& suffix) const {
    EncodedPrompt from = encode(joined(texts.prompt, suffix));
    if (texts.to_prompt.empty()) return from;
    EncodedPrompt to = encode(joined(texts.to_prompt, suffix));
    const auto tokens = same_length({from.condition.tokens, to.condition.tokens});
    from.condition.tokens = tokens[0];
    to.condition.tokens = tokens[1];
    const auto between = content_.per_token ? slerp_per_token : slerp;
    Condition condition = combine(from.condition, to.condition, [&](const Tensor& a, const Tensor& b) {
      return between(a, b, content_.to.theta);
    });
    return {std::move(condition), std::move(from.words.size() < to.words.size() ? to.words : from.words)};
  }

  Session& session_;
  const Content& content_;
  std::vector<std::string>& notices_;
};

}  // namespace

Conditioning condition(Session& session, const Content& content, const Turn& turn, const Tensor& mask,
                       std::vector<std::string>& notices) {
  const ConstantPrompt prompt(session, content, notices);
  const Texts texts = {content.words.prompt, content.words.negative_prompt, content.to.prompt};
  if (content.words.syntax == PromptSyntax::literal) return prompt.condition(texts, turn, mask);
  return compose_prompts(texts, content.sampling.steps,
                         {.condition = [&](const Texts& one) { return prompt.condition(one, turn, mask); },
                          .encode = [&](const std::string& text) { return prompt.encode(text).condition; }});
}

Tensor style_mask(const Session& session, const Task& task) {
  const StyleArea& area = task.turn.area;
  if (!area.words.empty()) return *session.word_masks.find({task.content, area.words});
  if (!area.mask) return {};
  return to_mask(area.mask->image(), static_cast<int>(session.model->vae_config.downscale()));
}

}  // namespace latentdial::detail
