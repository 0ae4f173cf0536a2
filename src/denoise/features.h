#pragma once

#include <algorithm>
#include <deque>
#include <utility>

#include "dial/conditioning.h"
#include "tensor/tensor.h"

namespace latentdial::detail {

/// What the denoiser made of one picture on the way, under each condition.
class Features {
 public:
  /// A condition's, [1,h,w,C] f32; undefined until they are written. The reference stays valid.
  Tensor& of(const Condition& condition) {
    for (auto& [known, features] : known_)
      if (known.is(condition)) return features;
    return known_.emplace_back(condition, Tensor()).second;
  }
  /// Those of a condition of the same values, or of the same words where it is another denoiser's; where
  /// there is none the last one's, which is the prompt's. There must be one.
  [[nodiscard]] const Tensor& like(const Condition& condition) const {
    Condition own = condition.own ? *condition.own : condition;
    own.channels = condition.channels;
    const auto same = std::ranges::find_if(known_, [&](const auto& one) { return one.first == own; });
    return same == known_.end() ? known_.back().second : same->second;
  }
  [[nodiscard]] bool empty() const { return known_.empty(); }
  void forget() { known_.clear(); }

 private:
  std::deque<std::pair<Condition, Tensor>> known_;
};

}  // namespace latentdial::detail
