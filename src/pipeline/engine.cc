#include "pipeline/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <utility>

#include "dial/slerp.h"
#include "dial/text_states.h"
#include "latentdial/error.h"
#include "pipeline/composed_prompt.h"
#include "pipeline/embedded_model.h"
#include "pipeline/find_dial.h"
#include "pipeline/fingerprint.h"
#include "pipeline/load_tokenizer.h"
#include "pipeline/memory_limit.h"
#include "pipeline/model_info.h"
#include "pipeline/pixels.h"
#include "tensor/buffer_pool.h"
#include "weights/lora.h"

namespace latentdial {
namespace {

constexpr double kLargestLoraScale = 100;
constexpr std::size_t kMostTrunks = 16;
// Each keeps one tensor of latents per step: 3 MiB for 512x512 in 50 steps.
constexpr std::size_t kMostInverted = 8;

ops::BackendOptions backend_options(const EngineOptions& options) {
  if (options.threads < 0 || options.threads > 1024) {
    throw invalid_input("threads",
                        fmt::format("{} is out of range, use 1 to 1024 (0: all cores)", options.threads));
  }
  if (!options.dtype.empty() && options.dtype != "f32" && options.dtype != "bf16" &&
      options.dtype != "int8") {
    throw invalid_input("dtype", fmt::format("\"{}\" is unknown; use f32, bf16 or int8", options.dtype));
  }
  const DType dtype = options.dtype.empty()    ? ops::fastest_cpu_dtype()
                      : options.dtype == "f32" ? DType::f32
                                               : DType::bf16;
  return {.dtype = dtype, .threads = options.threads};
}

/// The U-Net's: it alone computes in 8 bits, since it is called at every step.
ops::BackendOptions unet_options(const EngineOptions& options) {
  auto result = backend_options(options);
  result.int8 = options.dtype == "int8";
  return result;
}

std::unique_ptr<ops::Backend> make_backend(const ops::BackendOptions& options,
                                           const std::shared_ptr<ops::Profile>& profile) {
  auto backend = ops::make_cpu_backend(options);
  return profile ? ops::make_profiled_backend(std::move(backend), profile) : std::move(backend);
}

/// "FILE:0.8" → FILE and 0.8; a file whose own name ends like that is taken whole.
std::pair<std::filesystem::path, double> read_lora(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos || std::filesystem::exists(text)) return {text, 1};
  const std::string number = text.substr(colon + 1);
  double scale = 0;
  const auto [end, fault] = std::from_chars(number.data(), number.data() + number.size(), scale);
  if (fault != std::errc() || end != number.data() + number.size() || !(std::abs(scale) <= kLargestLoraScale))
    throw invalid_input("lora", fmt::format("\"{}\" is not a scale from -{} to {}, as in FILE:0.8", number,
                                            kLargestLoraScale, kLargestLoraScale));
  return {text.substr(0, colon), scale};
}

Checkpoint open_model(const EngineOptions& options) {
  Checkpoint checkpoint =
      open_checkpoint(options.model.empty() ? find_embedded_model() : std::filesystem::path(options.model));
  for (const std::string& text : options.lora) {
    const auto [path, scale] = read_lora(text);
    checkpoint.loras.push_back(apply_lora(checkpoint, path, scale));
  }
  require_memory(checkpoint, unet_options(options));
  return checkpoint;
}

void check_widths(const models::ClipText& text, const models::UNet& unet,
                  const models::AutoencoderConfig& vae) {
  if (text.config().hidden_size != unet.config().cross_attention_dim) {
    throw invalid_input(
        "model",
        fmt::format("the text encoder is {} wide, but the U-Net takes {}; the two do not belong together",
                    text.config().hidden_size, unet.config().cross_attention_dim));
  }
  if (unet.config().in_channels != vae.latent_channels || unet.config().out_channels != vae.latent_channels) {
    throw invalid_input(
        "model", fmt::format("the U-Net has {} input and {} output channels, but the autoencoder {} latent "
                             "ones; inpainting and "
                             "depth models are not supported",
                             unet.config().in_channels, unet.config().out_channels, vae.latent_channels));
  }
}

Tensor scaled(Tensor x, float factor) {
  for (float& value : x.values()) value *= factor;
  return x;
}

}  // namespace

std::string describe_device(const EngineOptions& options) {
  return ops::make_cpu_backend(unet_options(options))->description();
}

Pipeline::Engine::Engine(const EngineOptions& options) : Engine(options, open_model(options)) {}

Pipeline::Engine::Engine(const EngineOptions& options, const Checkpoint& checkpoint)
    : profile(options.profile ? std::make_shared<ops::Profile>() : nullptr),
      backend(make_backend(backend_options(options), profile)),
      unet_backend(make_backend(unet_options(options), profile)),
      info(describe(checkpoint)),
      schedule(ScheduleConfig::from_json(checkpoint.scheduler_config)),
      tokenizer(load_tokenizer(checkpoint)),
      learnt(load_embeddings(options.embedding, tokenizer,
                             models::TextConfig::from_json(checkpoint.text_encoder.config))),
      text_encoder({checkpoint.text_encoder.weights, backend.get()},
                   models::TextConfig::from_json(checkpoint.text_encoder.config), learnt.vectors),
      prompt_encoder(tokenizer, text_encoder, *backend, learnt.words),
      unet({checkpoint.unet.weights, unet_backend.get()},
           models::UNetConfig::from_json(checkpoint.unet.config)),
      prompted_unet(unet, *unet_backend),
      vae_config(models::AutoencoderConfig::from_json(checkpoint.vae.config)),
      encoder({checkpoint.vae.weights, backend.get()}, vae_config),
      decode(make_decoder(options.taesd, {checkpoint.vae.weights, backend.get()}, vae_config)) {
  check_widths(text_encoder, unet, vae_config);
  add_embeddings(info, learnt);
  info.device = unet_backend->description();
  info.fingerprint = fingerprint_of(checkpoint, tokenizer);
  info.hash = model_hash(info.fingerprint, learnt, options.taesd);
  for (const auto* component : {&checkpoint.text_encoder, &checkpoint.unet, &checkpoint.vae}) {
    for (auto& name : component->weights.unused()) info.unused_tensors.push_back(std::move(name));
  }
  if (!options.taesd.empty()) {
    info.decoder = "TAESD";
    std::erase_if(info.unused_tensors, is_of_own_decoder);
  }
}

EncodedPrompt Pipeline::Engine::encode_content(const Settings& s, const std::string& suffix,
                                               std::vector<std::string>& notices) const {
  const auto encode = [&](const std::string& prompt) {
    return prompt_encoder.encode(joined(prompt, suffix), syntax_of(s), notices);
  };
  EncodedPrompt content = encode(s.prompt);
  if (s.to_prompt.empty()) return content;
  EncodedPrompt to = encode(s.to_prompt);
  const auto states = same_length({content.states, to.states});
  const auto between = s.per_token ? slerp_per_token : slerp;
  auto& longer = content.tokens.size() < to.tokens.size() ? to : content;
  return {between(states[0], states[1], s.theta), std::move(longer.tokens)};
}

Conditioning Pipeline::Engine::condition_constant(const Settings& s, const Tensor& mask,
                                                  std::vector<std::string>& notices) const {
  const auto encode = [&](const std::string& text) {
    return prompt_encoder.encode(text, syntax_of(s), notices);
  };
  const DialPrompts prompts = {
      .content = [&](const std::string& suffix) { return encode_content(s, suffix, notices); },
      .text = encode};
  DialRequest request = dial_request(s);
  request.mask = mask;
  request.guidance.negative_states = encode(s.negative_prompt).states;
  if (s.style.empty()) return request.guidance.condition(prompts.content("").states);
  return find_dial_method(s.method).condition(request, prompts);
}

Conditioning Pipeline::Engine::condition(const Settings& s, const Tensor& mask,
                                         std::vector<std::string>& notices) const {
  return compose_prompts(
      s, {.condition = [&](const Settings& one) { return condition_constant(one, mask, notices); },
          .text_states =
              [&](const std::string& text) {
                return prompt_encoder.encode(text, PromptSyntax::a1111, notices).states;
              }});
}

Tensor Pipeline::Engine::mask_of(const Settings& s) const {
  if (!s.mask_words.empty()) return find_word_mask(s)->mask;
  return s.mask.empty() ? Tensor() : to_mask(read_mask(s), static_cast<int>(vae_config.downscale()));
}

DialRequest Pipeline::Engine::dial_request(const Settings& s) const {
  DialRequest request = {.prompt = s.to_prompt.empty() ? s.prompt : "",
                         .style = s.style,
                         .position = s.position,
                         .per_token = s.per_token,
                         .window = {s.style_start, s.style_end},
                         .way = {s.style_start, s.style_passes, s.style_guidance, {}},
                         .guidance = {{}, s.guidance_scale, {s.guidance_start, s.guidance_end}}};
  if (!s.style_colours.empty()) request.way.colours = parse_colour_map("style_colours", s.style_colours);
  if (s.method == "calibrated" && !s.style.empty()) request.dial = find_dial(s, info);
  return request;
}

int Pipeline::Engine::first_evaluation(const Settings& s, const Sampler& sampler) {
  return s.image.empty() ? 0 : sampler.first_evaluation(static_cast<float>(s.strength));
}

Run Pipeline::Engine::start(const Settings& s, Conditioning conditioning) const {
  if (s.invert) return start_inverted(s, std::move(conditioning));
  auto sampler = make_sampler(s.sampler, s.scheduler, schedule, s.steps);
  TorchGenerator generator(s.seed);
  const Tensor original = s.image.empty() ? Tensor() : encode_image(s, generator);
  const Tensor noise = starting_noise(s, generator);
  const int first = first_evaluation(s, *sampler);
  const Tensor latents = s.image.empty()                  ? scaled(noise.clone(), sampler->init_noise_sigma())
                         : first < sampler->evaluations() ? sampler->add_noise(original, noise, first)
                                                          : original;
  return {std::move(conditioning), std::move(sampler), generator, latents, first, {}};
}

Settings Pipeline::Engine::trunk_settings(Settings s) {
  s.position = 0;
  if (!edits(s)) return s;
  s.style = s.method = s.dial = s.mask = s.mask_words = "";
  const Settings defaults;
  s.style_start = defaults.style_start;
  s.style_end = defaults.style_end;
  s.style_passes = defaults.style_passes;
  s.style_guidance = defaults.style_guidance;
  s.style_colours = defaults.style_colours;
  return s;
}

int Pipeline::Engine::fork_evaluation(const Settings& s) const {
  const auto sampler = make_sampler(s.sampler, s.scheduler, schedule, s.steps);
  const int first = first_evaluation(s, *sampler);
  if (s.style.empty()) return first;
  return sampler->evaluation_at(first, find_dial_method(s.method).start(dial_request(s)));
}

const Run* Pipeline::Engine::find_trunk(const Settings& settings) const {
  const Settings key = trunk_settings(settings);
  const int fork = fork_evaluation(settings);
  const auto found = std::find_if(trunks_.begin(), trunks_.end(), [&](const Trunk& trunk) {
    return trunk.run.next == fork && trunk.settings == key;
  });
  return found == trunks_.end() ? nullptr : &found->run;
}

void Pipeline::Engine::make_trunks(const std::vector<Settings>& list, std::vector<std::string>& notices,
                                   Watch& watch) {
  std::vector<Settings> missing;
  std::vector<Run> runs;
  for (const Settings& s : list) {
    const Settings key = trunk_settings(s);
    if (find_trunk(s) != nullptr || std::find(missing.begin(), missing.end(), key) != missing.end()) continue;
    missing.push_back(key);
    runs.push_back(start(key, condition(key, notices)));
  }
  const auto look = [&](const CleanLatents& clean) {
    watch.step();
    std::vector<Image> seen(runs.size());
    for (std::size_t i = 0; i < list.size(); ++i) {
      const auto run = static_cast<std::size_t>(
          std::find(missing.begin(), missing.end(), trunk_settings(list[i])) - missing.begin());
      if (run == runs.size() || !watch.wants_preview(i)) continue;
      if (seen[run].rgb.empty()) seen[run] = preview(clean(run));
      watch.show(i, seen[run]);
    }
  };
  denoise(prompted_unet, runs, fork_evaluation(list.front()), look, watch.stop());
  for (std::size_t i = 0; i < missing.size(); ++i) {
    trunks_.push_front({missing[i], std::move(runs[i])});
  }
}

std::vector<Tensor> Pipeline::Engine::denoise_forks(const std::vector<Settings>& list,
                                                    std::vector<std::string>& notices, Watch& watch) {
  std::vector<Run> runs;
  for (const Settings& s : list) runs.push_back(find_trunk(s)->fork(condition(s, notices)));
  const auto look = [&](const CleanLatents& clean) {
    watch.step();
    for (std::size_t r = 0; r < runs.size(); ++r)
      if (watch.wants_preview(r)) watch.show(r, preview(clean(r)));
  };
  denoise(prompted_unet, runs, runs.front().sampler->evaluations(), look, watch.stop());
  std::vector<Tensor> latents;
  for (Run& run : runs) latents.push_back(std::move(run.latents));
  return latents;
}

Image Pipeline::Engine::preview(const Tensor& clean_latents) const {
  release_idle_buffers();
  Image image = to_image(decode(clean_latents));
  release_idle_buffers();
  return image;
}

std::vector<Image> Pipeline::Engine::make_images(const std::vector<Settings>& list,
                                                 std::vector<std::vector<std::string>>& notices,
                                                 const Observer& observer) {
  const auto sampler =
      make_sampler(list.front().sampler, list.front().scheduler, schedule, list.front().steps);
  const int evaluations = sampler->evaluations();
  const int first = first_evaluation(list.front(), *sampler);
  const int fork = fork_evaluation(list.front());
  const bool shared = std::all_of(list.begin(), list.end(), [&](const auto& s) { return find_trunk(s); });
  const auto to_invert = pictures_to_invert(list);
  const auto inversions = static_cast<int>((to_invert.size() + list.size() - 1) / list.size());
  const bool edited = edits(list.front());
  std::vector<PlannedEdit> planned;
  for (std::size_t i = 0; edited && i < list.size(); ++i) planned.push_back(plan_edit(list[i], notices[i]));
  const auto to_edit = pictures_to_edit(planned);
  const auto with_words = pictures_with_words(list);
  Watch watch(observer,
              {.step = 0,
               .steps = inversions * inversion_steps(evaluations - first) + (shared ? 0 : fork - first) +
                        (with_words.empty() || edited ? 0 : evaluations - first) +
                        (edited ? 0 : evaluations - fork) + editing_steps(to_edit, *sampler),
               .pictures = static_cast<int>(list.size())});
  std::vector<std::string> shared_notices;
  invert_pictures(to_invert, list.size(), shared_notices, watch);
  find_words(with_words, shared_notices, watch);
  make_trunks(list, shared_notices, watch);
  edit_pictures(to_edit, planned, shared_notices, watch);
  std::vector<Image> images;
  if (edited) {
    for (const PlannedEdit& position : planned) images.push_back(mixed_image(position));
  } else {
    const auto latents = denoise_forks(list, shared_notices, watch);
    release_idle_buffers();
    for (const Tensor& picture : latents) images.push_back(to_image(decode(picture)));
  }
  for (auto& own : notices) own.insert(own.end(), shared_notices.begin(), shared_notices.end());
  forget_the_oldest();
  return images;
}

void Pipeline::Engine::forget_the_oldest() {
  while (trunks_.size() > kMostTrunks) trunks_.pop_back();
  forget_old_edits();
  while (inverted_.size() > kMostInverted) inverted_.pop_back();
  while (word_masks_.size() > kMostTrunks) word_masks_.pop_back();
}

void Pipeline::Engine::forget_files() {
  const auto reads_file = [](const auto& known) {
    return !known.settings.image.empty() || !known.settings.mask.empty();
  };
  std::erase_if(trunks_, reads_file);
  std::erase_if(edited_, reads_file);
  std::erase_if(word_masks_, reads_file);
}

Tensor Pipeline::Engine::starting_noise(const Settings& s, TorchGenerator& generator) const {
  const auto scale = vae_config.downscale();
  const Shape shape = {1, s.height / scale, s.width / scale, vae_config.latent_channels};
  Tensor noise = generator.randn_nhwc(shape);
  if (s.to_seed < 0) return noise;
  TorchGenerator other(static_cast<std::uint64_t>(s.to_seed));
  return slerp(noise, other.randn_nhwc(shape), s.theta);
}

Tensor Pipeline::Engine::encode_image(const Settings& s, TorchGenerator& generator) const {
  const auto distribution = encoder(to_pixels(resize_to_fill(read_image(s.image), s.width, s.height)));
  const Tensor noise = generator.randn_nhwc(distribution.mean.shape());
  Tensor latents = distribution.mean.clone();
  for (std::size_t i = 0; i < latents.values().size(); ++i) {
    const float deviation =
        std::exp(0.5f * distribution.log_variance.values()[i]) * vae_config.scaling_factor;
    latents.values()[i] += deviation * noise.values()[i];
  }
  return latents;
}

}  // namespace latentdial
