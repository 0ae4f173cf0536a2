#pragma once

#include <deque>
#include <utility>

#include "dial/conditioning.h"
#include "tensor/tensor.h"

namespace latentdial::detail {

/// What the denoiser's deeper levels made of one picture under each condition, to be taken over by later
/// steps (models::DeepTap) until it is forgotten.
class DeepFeatures {
 public:
  /// A condition's features, [1,h,w,C] f32; undefined until they are written. The reference stays valid.
  Tensor& of(const Condition& condition) {
    for (auto& [known, features] : known_)
      if (known.is(condition)) return features;
    return known_.emplace_back(condition, Tensor()).second;
  }
  void forget() { known_.clear(); }

 private:
  std::deque<std::pair<Condition, Tensor>> known_;
};

}  // namespace latentdial::detail
