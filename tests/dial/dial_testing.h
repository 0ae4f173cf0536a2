#pragma once

#include <map>
#include <string>
#include <vector>

#include "dial/method.h"

namespace latentdial::detail {

inline std::vector<float> values(const Tensor& x) {
  return {x.values().begin(), x.values().end()};
}

/// Encodings of one token and two channels, small enough to follow by hand: "content", "style", both, and "".
inline DialPrompts two_words() {
  const auto encode = [](const std::string& text) -> EncodedPrompt {
    static const std::map<std::string, Tensor> encodings = {
        {"content", Tensor::of({1, 1, 2}, std::vector<float>{1, 0})},
        {"style", Tensor::of({1, 1, 2}, std::vector<float>{0, 1})},
        {"content, style", Tensor::of({1, 1, 2}, std::vector<float>{3, 5})},
        {"", Tensor::of({1, 1, 2}, std::vector<float>{7, 7})}};
    return {encodings.at(text), {0}};
  };
  return {.content = [=](const Around& around) { return encode(around.before + "content" + around.after); },
          .text = encode};
}

inline DialRequest a_request(double position) {
  DialRequest request;
  request.style = "style";
  request.position = position;
  request.guidance = {two_words().text("").condition, 7.5, {}};
  return request;
}

/// A U-Net that answers each encoding with its first value, in one latent.
inline std::vector<Tensor> answers(const GuidedStep& step) {
  std::vector<Tensor> predictions;
  for (const Condition& condition : step.conditions)
    predictions.push_back(Tensor::of({1, 1, 1, 1}, condition.tokens.values().subspan(0, 1)));
  return predictions;
}

inline float guided(const GuidedStep& step) {
  return step.combine(answers(step)).values()[0];
}

}  // namespace latentdial::detail
