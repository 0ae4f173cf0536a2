#include "session/conditions.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "dial/slerp.h"
#include "model/pixels.h"
#include "session/known_part.h"
#include "session/reference.h"
#include "session/shown_words.h"
#include "session/small_picture.h"
#include "task/redrawn_part.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail {
namespace {

// A progress that stands for a whole step may lie a rounding below it.
constexpr double kRounding = 1e-6;

/// The conditionings of all steps, each made once.
class Composition {
 public:
  Composition(const PromptSteps& prompts, const PromptConditioner& conditioner) {
    for (int step = 0; step < prompts.steps(); ++step) add(prompts.at(step), conditioner);
  }

  [[nodiscard]] GuidedStep at(double progress) const {
    const auto count = static_cast<double>(steps_.size());
    const auto index = std::min(steps_.size() - 1, static_cast<std::size_t>(progress * count + kRounding));
    const Step& step = steps_[index];
    if (step.terms.size() == 1 && step.rest == 0)
      return conditionings_[step.terms.front().index].second(progress);
    std::vector<WeightedStep> sum;
    if (step.rest != 0) sum.push_back({step.rest, weighted_sum({{step.negative, 1}})});
    for (const auto& [weight, term] : step.terms)
      sum.push_back({weight, conditionings_[term].second(progress)});
    return sum_of_steps(sum);
  }

 private:
  struct Term {
    double weight;
    std::size_t index;  ///< In conditionings_.
  };
  struct Step {
    std::vector<Term> terms;
    Condition negative;
    double rest = 0;  ///< 1 − Σ weights.
  };

  void add(const std::vector<PromptSteps::Weighted>& terms, const PromptConditioner& conditioner) {
    Step step{{}, conditioner.negative(terms.front().texts.negative_prompt), 1};
    for (const auto& [weight, texts] : terms) {
      const auto known = std::ranges::find(conditionings_, texts, &std::pair<Texts, Conditioning>::first);
      const auto index = static_cast<std::size_t>(known - conditionings_.begin());
      if (known == conditionings_.end()) conditionings_.emplace_back(texts, conditioner.condition(texts));
      step.terms.push_back({weight, index});
      step.rest -= weight;
    }
    steps_.push_back(std::move(step));
  }

  std::vector<std::pair<Texts, Conditioning>> conditionings_;
  std::vector<Step> steps_;
};

/// Conditions the texts of one step, which are the same at every step.
class ConstantPrompt {
 public:
  /// Read by the session's model, or by that with one LoRA more.
  ConstantPrompt(Session& session, const Content& content, std::vector<std::string>& notices,
                 std::optional<LoraUse> lora = {})
      : session_(session),
        content_(content),
        notices_(notices),
        lora_(std::move(lora)),
        reference_(reference_told(session, content)) {}

  /// A text, and what is drawn variations of.
  [[nodiscard]] EncodedPrompt encode(const std::string& text) const {
    EncodedPrompt result = read(text);
    if (reference_.defined()) result.condition.vector = reference_;
    return result;
  }

  /// A negative prompt, or what stands for none. It is of no reference.
  [[nodiscard]] Condition negative(const std::string& text) const {
    const Condition& none = session_.model->no_negative_prompt;
    Condition result = text.empty() && none.tokens.defined() ? none : read(text).condition;
    if (result.aesthetic_score) result.aesthetic_score = kNegativeAestheticScore;
    return result;
  }

  [[nodiscard]] Conditioning condition(const Texts& texts, const Turn& turn, const Tensor& mask) const {
    const Guidance& guidance = content_.guidance;
    Conditioning guided = condition_under(guidance, texts, turn, mask);
    if (guidance.rescale == 0 || guidance.scale <= 1) return guided;
    return rescaled(guided, condition_under({.scale = 1}, texts, turn, mask), guidance.rescale);
  }

 private:
  [[nodiscard]] EncodedPrompt read(const std::string& text) const {
    const Words& words = content_.words;
    return lora_ ? session_.encode_with(*lora_, text, words.syntax, notices_, words.clip_skip)
                 : session_.encode(text, words.syntax, notices_, words.clip_skip);
  }

  [[nodiscard]] Conditioning condition_under(const Guidance& content_guidance, const Texts& texts,
                                             const Turn& turn, const Tensor& mask) const {
    const auto& [scale, interval, rescale] = content_guidance;
    if (turn.method == nullptr) {
      const Condition prompt = encode_content(texts, {}).condition;
      // Without guidance nothing asks for the negative prompt, and reading it takes as long as reading the
      // prompt.
      const Condition from = scale > 1 ? negative(texts.negative_prompt) : prompt;
      const ClassifierFreeGuidance guidance = {from, scale, interval};
      return guidance.condition(prompt);
    }
    const ClassifierFreeGuidance guidance = {negative(texts.negative_prompt), scale, interval};
    const DialRequest request = {.prompt = texts.to_prompt.empty() ? texts.prompt : "",
                                 .style = turn.style,
                                 .is_lora = turn.lora.has_value(),
                                 .words = turn.words,
                                 .position = turn.position,
                                 .per_token = content_.per_token,
                                 .window = turn.window,
                                 .guidance = guidance,
                                 .mask = mask};
    return turn.method->condition(
        request,
        {.content = [&](const Around& around) { return encode_content(texts, around); },
         .text = [&](const std::string& text) { return encode(text); },
         .with_lora = [&](double strength) { return with_lora(texts, at_strength(*turn.lora, strength)); }});
  }

  /// The prompt within what stands around it, or what lies between it and the other end's.
  [[nodiscard]] EncodedPrompt encode_content(const Texts& texts, const Around& around) const {
    EncodedPrompt from = encode(joined(texts.prompt, around));
    if (texts.to_prompt.empty()) return from;
    EncodedPrompt to = encode(joined(texts.to_prompt, around));
    const auto between = content_.per_token ? slerp_per_token : slerp;
    Condition condition = combine(from.condition, to.condition, [&](const Tensor& a, const Tensor& b) {
      return between(a, b, content_.to.theta);
    });
    return {std::move(condition), std::move(from.words.size() < to.words.size() ? to.words : from.words)};
  }

  /// The same prompts by the model with one LoRA more.
  [[nodiscard]] PromptPair with_lora(const Texts& texts, const LoraUse& lora) const {
    const ConstantPrompt other(session_, content_, notices_, lora);
    return {session_.asked_of(lora, other.encode_content(texts, {}).condition,
                              encode_content(texts, {}).condition),
            session_.asked_of(lora, other.negative(texts.negative_prompt), negative(texts.negative_prompt))};
  }

  Session& session_;
  const Content& content_;
  std::vector<std::string>& notices_;
  std::optional<LoraUse> lora_;
  Tensor reference_;  ///< As reference_told has it.
};

}  // namespace

Conditioning compose_prompts(const Texts& texts, int steps, const PromptConditioner& conditioner) {
  const PromptSteps prompts(texts, steps);
  if (prompts.is_constant() && prompts.is_one()) return conditioner.condition(texts);
  const auto composition = std::make_shared<const Composition>(prompts, conditioner);
  return [composition](double progress) { return composition->at(progress); };
}

namespace {

Conditioning condition_prompts(Session& session, const Content& content, const Turn& turn, const Tensor& mask,
                               std::vector<std::string>& notices) {
  const ConstantPrompt prompt(session, content, notices);
  const Texts texts = {content.words.prompt, content.words.negative_prompt, content.to.prompt};
  if (content.words.syntax == PromptSyntax::literal) return prompt.condition(texts, turn, mask);
  return compose_prompts(texts, content.sampling.steps,
                         {.condition = [&](const Texts& one) { return prompt.condition(one, turn, mask); },
                          .negative = [&](const std::string& text) { return prompt.negative(text); }});
}

/// The share of the run after which the refiner draws: from the first step on whose timestep lies below
/// 1 − refiner_switch of the training's, as with diffusers' denoising_end and denoising_start.
double refiner_begins(const Content& content, const NoiseSchedule& schedule) {
  const auto sampler = make_sampler(content.sampling, schedule);
  const double all = schedule.num_train_timesteps;
  const double until = std::round(all - content.sampling.refiner_switch * all);
  for (int i = 0; i < sampler->evaluations(); ++i) {
    const bool begins_step = i == 0 || sampler->progress(i) != sampler->progress(i - 1);
    if (begins_step && sampler->timestep(i) < until) return sampler->progress(i);
  }
  return 1;
}

/// A condition of the model's, then the refiner's, which reads the same prompts. A LoRA on the dial is the
/// model's alone: the refiner, which has none, goes on by the prompts, from what the model made with it.
Conditioning hand_over(Session& session, const Content& content, const Turn& turn, const Tensor& mask,
                       std::vector<std::string>& notices) {
  Conditioning first = condition_prompts(session, content, turn, mask, notices);
  if (!session.refiner || content.sampling.refiner_switch >= 1) return first;
  const double begins = refiner_begins(content, session.model->schedule);
  const Turn none = {};
  const auto& dialled = turn.lora ? none : turn;
  const auto& refiner = session.refiner->model;
  return [first, begins, denoiser = std::shared_ptr<const models::Denoiser>(refiner, &refiner->unet),
          then = condition_prompts(*session.refiner, content, dialled, mask, notices)](double progress) {
    if (progress < begins - kRounding) return first(progress);
    GuidedStep step = then(progress);
    for (Condition& one : step.conditions) one.denoiser = denoiser;
    return step;
  };
}

}  // namespace

Conditioning condition(Session& session, const Content& content, const Turn& turn, const Tensor& mask,
                       std::vector<std::string>& notices) {
  Conditioning conditioning = hand_over(session, content, turn, mask, notices);
  Condition told;
  if (is_told_known_part(*session.model, content.source)) told.channels = known_part(session, content);
  if (content.source.enlargement) told = small_picture(*session.model, content.source);
  if (!told.channels.defined()) return conditioning;
  return [conditioning, told](double progress) {
    GuidedStep step = conditioning(progress);
    for (Condition& one : step.conditions) {
      one.channels = told.channels;
      if (told.vector.defined()) one.vector = told.vector;
    }
    return step;
  };
}

LoraUse at_strength(LoraUse lora, double strength) {
  lora.scale *= strength;
  return lora;
}

Content with_guidance(Content content, double scale) {
  content.guidance.scale = scale;
  return content;
}

Tensor style_mask(const Session& session, const Task& task) {
  if (task.turn.method == nullptr) return {};
  const StyleArea& area = task.turn.area;
  const auto scale = static_cast<int>(session.model->vae_config.downscale());
  if (!area.words.empty()) return *session.word_masks.find({task.content, area.words});
  if (area.mask) return to_mask(area.mask->image(), scale);
  const auto& part = task.content.source.part;
  return part ? redrawn_places(redrawn_part(session, task.content.source), scale) : Tensor();
}

Tensor within_mask(const Tensor& outside, const Tensor& inside, const Tensor& mask) {
  if (!mask.defined()) return inside;
  return linear_combination({{1, outside}, {-1, outside, &mask}, {1, inside, &mask}});
}

}  // namespace latentdial::detail
