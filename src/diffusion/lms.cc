#include <cmath>
#include <deque>

#include "diffusion/samplers.h"
#include "diffusion/sigma_sampler.h"
#include "tensor/arithmetic.h"

namespace latentdial::detail {
namespace {

constexpr std::size_t kOrder = 4;

/// Linear multistep (Adams–Bashforth on uneven steps) of dx/dσ = ε̂: the polynomial through the last four ε̂
/// is integrated over the step; as k-diffusion has it.
class LmsSampler final : public SigmaSampler {
 public:
  using SigmaSampler::SigmaSampler;

  [[nodiscard]] std::unique_ptr<Sampler> clone() const override {
    return std::make_unique<LmsSampler>(*this);
  }

 protected:
  Tensor advance(const Tensor& model_output, int i, const Tensor& latents, const NoiseSource&) override {
    slopes_.push_front(predicted_noise(model_output, latents, i));
    if (slopes_.size() > kOrder) slopes_.pop_back();
    Tensor next = latents.clone();
    for (std::size_t k = 0; k < slopes_.size(); ++k)
      next = linear_combination({{1.0, next}, {weight(i, k), slopes_[k]}});
    return next;
  }

 private:
  // ∫ Π_{j ≠ k} (σ − σ_{i−j})/(σ_{i−k} − σ_{i−j}) dσ from σ_i to σ_{i+1}: a cubic, which Gauss's rule with
  // two places integrates exactly.
  [[nodiscard]] double weight(int i, std::size_t k) const {
    const double half = (sigma_at(i + 1) - sigma_at(i)) / 2.0;
    const double middle = (sigma_at(i + 1) + sigma_at(i)) / 2.0;
    double sum = 0.0;
    for (const double side : {-1.0, 1.0}) {
      double product = 1.0;
      for (std::size_t j = 0; j < slopes_.size(); ++j) {
        if (j == k) continue;
        const double other = sigma_at(i - static_cast<int>(j));
        product *=
            (middle + side * half / std::sqrt(3.0) - other) / (sigma_at(i - static_cast<int>(k)) - other);
      }
      sum += product;
    }
    return half * sum;
  }

  std::deque<Tensor> slopes_;
};

}  // namespace

std::unique_ptr<Sampler> make_lms(const NoiseSchedule& config, const SamplerChoice& choice) {
  return std::make_unique<LmsSampler>(config, choice);
}

}  // namespace latentdial::detail
