// trajectory: runs one sampler on the dummy denoiser, for parity checks against diffusers.
//   stdin:  {"config": {…}, "sampler": …, "scheduler": …, "steps": n, "shape": […], "seed": n, "strength": x
//   or null, "eta": x (0.3)} stdout: raw f32: evaluations, first evaluation, init_noise_sigma, the timesteps,
//   the starting latents,
//           and the latents after every evaluation.
// With a strength the start is img2img: `original` drawn first from the seed's generator, then the noise.

#include <cstdio>
#include <exception>
#include <iostream>
#include <nlohmann/json.hpp>

#include "diffusion/random.h"
#include "diffusion/sampler.h"
#include "tools/dummy_denoiser.h"

namespace {

using latentdial::detail::Tensor;

void write(const float* values, std::size_t count) {
  if (std::fwrite(values, sizeof(float), count, stdout) != count) {
    throw std::runtime_error("cannot write to standard output");
  }
}

void write_tensor(const Tensor& tensor) {
  write(tensor.values().data(), tensor.values().size());
}

void run(const nlohmann::json& job) {
  const auto config = latentdial::detail::NoiseSchedule::from_json(job.at("config"));
  const auto sampler = latentdial::detail::make_sampler(job.at("sampler"), job.at("scheduler"), config,
                                                        job.at("steps"), job.value("eta", 0.3));
  const auto shape = job.at("shape").get<latentdial::detail::Shape>();
  latentdial::detail::TorchGenerator generator(job.at("seed").get<std::uint64_t>());
  const auto draw = [&](const latentdial::detail::Shape& s) { return generator.randn(s); };

  int first = 0;
  Tensor latents = draw(shape);
  if (job.at("strength").is_null()) {
    for (float& value : latents.values()) {
      value *= sampler->init_noise_sigma();
    }
  } else {
    first = sampler->first_evaluation(job.at("strength").get<float>());
    latents = sampler->add_noise(latents, draw(shape), first);
  }

  const float head[] = {static_cast<float>(sampler->evaluations()), static_cast<float>(first),
                        sampler->init_noise_sigma()};
  write(head, 3);
  for (int i = 0; i < sampler->evaluations(); ++i) {
    const float timestep = sampler->timestep(i);
    write(&timestep, 1);
  }
  write_tensor(latents);
  latentdial::detail::run_dummy(*sampler, latents, first, draw, write_tensor);
}

}  // namespace

int main() {
  try {
    run(nlohmann::json::parse(std::cin));
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 2;
  }
  return 0;
}
