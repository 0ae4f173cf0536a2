#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "latentdial/export.h"

namespace latentdial {

/// How one setting is called and what it may be. The command line, JSON plans, the `parameters` text of a
/// PNG, the server and Python all derive theirs from this one declaration.
struct Option {
  const char* name;   ///< JSON and Python: "guidance_scale".
  const char* flags;  ///< Command line: "--cfg"; with a short form "-p,--prompt".
  const char* label;  ///< In the `parameters` text, A1111's word where it has one: "CFG scale"; "" where it
                      ///< is not listed there.
  const char* help;   ///< One line: meaning, unit, range; names other settings as "@(steps)" (with_names).
  double min = 0;     ///< Smallest allowed value of a number.
  double max = 0;     ///< Largest allowed value of a number.
};

/// Option::min or Option::max as people write it: of a whole number in full, 18446744073709551615.
template <class T>
[[nodiscard]] std::conditional_t<std::is_integral_v<T>, T, double> limit(double bound) {
  if constexpr (std::is_integral_v<T>) {
    constexpr T kMost = std::numeric_limits<T>::max();
    return bound >= static_cast<double>(kMost) ? kMost : static_cast<T>(bound);
  }
  return bound;
}

/// Everything that decides one picture. The same settings on the same model give the same picture, bit for
/// bit, whatever the number of threads. A dial strip is a list of settings that differ only in `position`; an
/// interpolation is a list that differs only in `theta`.
struct Settings {
  std::string prompt;
  std::string negative_prompt;
  std::string loras;  ///< LoRAs of ModelOptions::lora_dir that are added: "NAME:SCALE, NAME"; empty: none.
  bool plain_prompt = false;  ///< Every character of the prompts is text; one window of the text encoder.
  int clip_skip = 1;  ///< Which of the text encoder's states is read, counted from the last, 1 to 24; the
                      ///< model's own where that is further from it.
  std::uint64_t seed = 0;
  int steps = 50;
  std::optional<double> guidance_scale;  ///< None: the model's own (ModelInfo::guidance_scale).
  double guidance_start = 0;             ///< Share of the steps after which guidance begins, 0 to 1.
  double guidance_end = 1;               ///< Share of the steps after which it ends, 0 to 1.
  double guidance_rescale = 0;           ///< How far guidance keeps the prompt's own spread, 0 to 1.
  int width = 0;           ///< Pixels, a multiple of 8; 0: the model's own size, in the start image's shape.
  int height = 0;          ///< Pixels, a multiple of 8; 0: the model's own size, in the start image's shape.
  double hires = 1;        ///< How many times as large the picture is drawn a second time, 1 to 4; 1: not.
  std::string hires_with;  ///< What enlarges it for that: "latent", "lanczos", or a network's file; empty:
                           ///< "latent".
  double hires_strength = 0.7;  ///< How far the enlarged picture is noised; 0 to 1.
  int hires_steps = 0;          ///< Of the second pass, 0 to 1000; 0: as many as `steps`.
  int reuse = 1;          ///< The denoiser's deeper levels are computed at every so many-th step, 1 to 10.
  std::string sampler;    ///< Empty: the one the model's scheduler config names.
  std::string scheduler;  ///< How noise levels are spread over the steps; empty: as the model's config says.
  std::optional<double> eta;  ///< Sampler "tcd": share of new noise in each step, 0 to 1; none: 0.3.
  std::optional<double> refiner_switch;  ///< With a refiner, the share of the noise schedule after which it
                                         ///< draws in the model's place, 0 to 1; none: 0.8.
  std::string image;                     ///< Path of the picture to start from; empty: pure noise.
  double strength = 0.75;                ///< How far the start picture is noised, or inverted; 0 to 1.
  std::string reference;     ///< Path of a picture that an unCLIP model draws variations of; empty: none.
  std::string mask;          ///< Path of a picture, white where the start image is redrawn; empty: all of it.
  std::string redraw_words;  ///< Words: the start image is redrawn where it shows them; empty: by `mask`.
  double mask_blur = 4;      ///< How far the mask's edges are softened, in pixels, 0 to 64.
  std::string mask_fill;     ///< What the masked part begins with; empty: "original".
  std::string mask_update;   ///< How the rest is kept: "replace" or "ding"; empty: "replace".
  bool only_masked = false;  ///< The area around the mask is drawn by itself, and laid back into the picture.
  int extend_left = 0;  ///< Pixels that are drawn beside the start image, which stays as it is; 0 to 4096.
  int extend_right = 0;
  int extend_top = 0;
  int extend_bottom = 0;
  int mask_padding = 32;  ///< With `only_masked`, how far beyond the mask that area goes; 0 to 1024 pixels.
  std::string restore;    ///< What `image` is a worse copy by: "colorize", "deblur", "upscale"; empty: none.
  double blur_sigma = 0;  ///< "deblur": deviation of the Gaussian that blurred it, 0 to 20 pixels; 0: none.
  std::string blur_motion;  ///< "deblur": "LENGTH,ANGLE" of the movement that did, in pixels and degrees.
  std::string blur_kernel;  ///< "deblur": path of a grey picture, by whose pixels each was spread.
  std::optional<int> upscale_by;  ///< "upscale": how many times as wide and high it becomes, 2 to 4; none: an
                                  ///< upscaler's own (ModelInfo::upscales_by), or 2.
  std::optional<int> noise_level;  ///< "upscale" by an upscaler: how far its small picture is noised, 0 to
                                   ///< ModelInfo::max_noise_level; none: 20. With `reference`: how far what
                                   ///< is seen in that is; none: 0.
  int restore_rounds = 4;  ///< How often it is noised, denoised and brought back to what is known, 1 to 16.
  bool invert = false;     ///< Start from the noise that leads back to the picture, not from drawn noise.

  std::string style;       ///< The feature on the dial, or "lora:NAME", "lora:FILE", perhaps with ":SCALE";
                           ///< empty: no dial.
  double position = 0;     ///< Dial position: 0 none, 1 full, negative away from the style.
  std::string method;      ///< Empty: "calibrated".
  std::string dial;        ///< Method "calibrated": its dial file; empty: the one that comes with the model.
  std::string style_mask;  ///< Path of a picture, white where the style acts; empty: everywhere.
  std::string mask_words;  ///< Words of the prompt: the style acts where they show; empty: everywhere.
  double style_start = 0;  ///< Methods "guide" and "anchored": share of the steps before the style, 0 to 1.
  double style_end = 1;  ///< Methods "guide" and "anchored": share of the steps after which it ends, 0 to 1.
  int style_passes = 1;  ///< Method "anchored": how often the style's steps are gone through, 1 to 16.
  double style_guidance = 1;  ///< Method "anchored": the edit's guidance, a share of guidance_scale, 0 to 4.
  bool per_token = false;     ///< slerp each token's vector by itself instead of the flattened encoding.

  std::string to_prompt;      ///< The other end of an interpolation; empty: none.
  std::string to_image;       ///< With `invert`, the picture at the other end; empty: the same picture.
  std::string to_reference;   ///< With `reference`, the picture at the other end; empty: the same picture.
  std::int64_t to_seed = -1;  ///< The other end's noise; -1: the same seed.
  double theta = 0;           ///< Interpolation position, 0 to 1.

  friend bool operator==(const Settings&, const Settings&) = default;
};

/// What a field of Settings holds: of a std::optional, which leaves it to the model, what that would hold.
template <class T>
struct SettingValue {
  using type = T;
};
template <class T>
struct SettingValue<std::optional<T>> {
  using type = T;
};
template <class Field>
using setting_value_t = typename SettingValue<std::remove_cvref_t<Field>>::type;

/// Calls `visitor(option, field)` for every setting, in the order people read them.
template <class SettingsRef, class Visitor>
void visit_settings(SettingsRef& s, Visitor&& visitor) {
  visitor(
      Option{"prompt", "-p,--prompt", "",
             "What the picture shows; (a:1.2) and [a] weigh words, [a:b:0.5] and [a|b] change them with the "
             "steps, AND joins prompts, BREAK begins a new window"},
      s.prompt);
  visitor(Option{"negative_prompt", "-n,--negative-prompt", "", "What it should not show"},
          s.negative_prompt);
  visitor(Option{"loras", "--loras", "LoRAs",
                 "LoRAs of @(lora_dir) that are added to the model for this picture, NAME or NAME:SCALE, "
                 "parted by commas: as <lora:NAME:SCALE> in the prompt"},
          s.loras);
  visitor(
      Option{"plain_prompt", "--plain-prompt", "Plain prompt",
             "Read prompts as diffusers does: brackets, AND and BREAK are words, and what does not fit the "
             "text encoder's window is dropped"},
      s.plain_prompt);
  visitor(Option{"clip_skip", "--clip-skip", "Clip skip",
                 "Which state of the text encoder is read, counted from the last as A1111 does, 1 to 24: 2 "
                 "leaves one layer out. The model's own is 1, of SD 2 and XL 2; less is the same as that",
                 1, 24},
          s.clip_skip);
  visitor(Option{"steps", "--steps", "Steps", "Denoising steps, 1 to 1000", 1, 1000}, s.steps);
  visitor(
      Option{"reuse", "--reuse", "Deep reuse",
             "Compute the denoiser's deeper levels at every so many-th step alone, 1 to 10, and take them "
             "over in between: 3 is about twice as fast, and coarser. The steps of an edit are whole",
             1, 10},
      s.reuse);
  visitor(Option{"sampler", "--sampler", "Sampler",
                 "pndm, ddim, euler, euler_a, heun, dpm2, dpm2_a, dpm++2s_a, dpm++sde, dpm++2m, dpm++2m_sde, "
                 "dpm++3m_sde, unipc, deis, lms, ddpm, lcm or tcd (default: the model's own); heun, dpm2, "
                 "dpm2_a, dpm++2s_a and dpm++sde evaluate the model twice a step"},
          s.sampler);
  visitor(
      Option{"scheduler", "--scheduler", "Schedule type",
             "Spacing of the noise levels: normal, karras, exponential, sgm_uniform, simple, beta or ays "
             "(align your steps), or of the timesteps: trailing, leading or linspace (default: the "
             "model's own); pndm, ddim and ddpm have normal and the last three, lcm and tcd normal alone"},
      s.scheduler);
  visitor(Option{"eta", "--eta", "TCD eta",
                 "With @(sampler) tcd, the share of new noise in each step, 0 to 1 (default: 0.3)", 0, 1},
          s.eta);
  visitor(Option{"refiner_switch", "--refiner-switch", "Refiner switch at",
                 "With @(refiner), the share of the noise schedule after which the refiner draws, 0 to 1; 1: "
                 "it does not (default: 0.8)",
                 0, 1},
          s.refiner_switch);
  visitor(
      Option{"guidance_scale", "--cfg", "CFG scale",
             "Classifier-free guidance scale, 0 to 100; up to 1 there is no guidance (default: the model's "
             "own; 7.5 where it names none)",
             0, 100},
      s.guidance_scale);
  visitor(Option{"guidance_start", "--cfg-start", "CFG start",
                 "Share of the steps before guidance begins, 0 to 1; a step without it costs half", 0, 1},
          s.guidance_start);
  visitor(Option{"guidance_end", "--cfg-end", "CFG end",
                 "Share of the steps after which guidance ends, 0 to 1", 0, 1},
          s.guidance_end);
  visitor(
      Option{"guidance_rescale", "--cfg-rescale", "CFG rescale",
             "How far each guided prediction is brought back to the spread of the prompt's alone, 0 to 1: "
             "colours burn less at a high @(guidance_scale)",
             0, 1},
      s.guidance_rescale);
  visitor(Option{"seed", "--seed", "Seed",
                 "Seed of the starting noise, 0 to 2^64-1; equals torch's CPU generator", 0,
                 18446744073709551615.0},
          s.seed);
  visitor(Option{"width", "", "",
                 "Width in pixels, a multiple of 8 (0: the model's own, in the shape of @(image))", 0, 8192},
          s.width);
  visitor(Option{"height", "", "",
                 "Height in pixels, a multiple of 8 (0: the model's own, in the shape of @(image))", 0, 8192},
          s.height);
  visitor(Option{"hires", "--hires", "Hires upscale",
                 "Enlarge the picture so many times, over 1 and up to 4, and draw it a second time at that "
                 "size (1: no second pass)",
                 1, 4},
          s.hires);
  visitor(Option{"hires_with", "--hires-with", "Hires upscaler",
                 "With @(hires), what enlarges the picture: latent (its latents, by interpolation), lanczos, "
                 "or a network's file, .pth or .safetensors (default: latent)"},
          s.hires_with);
  visitor(
      Option{"hires_strength", "--hires-strength", "",
             "With @(hires), how far the enlarged picture is noised before it is drawn again, 0 to 1", 0, 1},
      s.hires_strength);
  visitor(Option{"hires_steps", "--hires-steps", "Hires steps",
                 "With @(hires), denoising steps of the second pass, of which the share @(hires_strength) is "
                 "taken, 0 to 1000 (0: as many as @(steps))",
                 0, 1000},
          s.hires_steps);
  visitor(Option{"image", "--image", "Start image", "Picture to start from (PNG, JPEG or WebP)"}, s.image);
  visitor(Option{"strength", "--strength", "Denoising strength",
                 "How far the start picture is noised, or inverted, before denoising, 0 to 1", 0, 1},
          s.strength);
  visitor(Option{"reference", "--reference", "Reference",
                 "For an unCLIP model, a picture that it draws variations of: what its image encoder sees in "
                 "the middle square of it, and not its pixels"},
          s.reference);
  visitor(
      Option{"mask", "--mask", "Mask",
             "With @(image), a picture: only what is white in it is redrawn, grey with less strength; the "
             "rest comes back bit for bit. Of another size it is scaled and cut at the centre"},
      s.mask);
  visitor(Option{"redraw_words", "--redraw", "Redrawn words",
                 "With @(image), words for what is redrawn, parted by commas: where the picture shows them, "
                 "as the model's own attention tells; in place of @(mask)"},
          s.redraw_words);
  visitor(Option{"mask_blur", "--mask-blur", "Mask blur",
                 "How far the mask's edges are softened, in pixels, 0 to 64", 0, 64},
          s.mask_blur);
  visitor(Option{"mask_fill", "--mask-fill", "Mask fill",
                 "What the masked part begins with: original, around (the colours around it), noise or "
                 "nothing (default: original); with a strength of 1 it is no matter"},
          s.mask_fill);
  visitor(
      Option{"mask_update", "--mask-update", "Mask update",
             "How the rest is kept while a part is redrawn: replace, put back at each step, or ding, with "
             "@(sampler) ddim, which looks at each step twice (default: replace)"},
      s.mask_update);
  visitor(Option{"only_masked", "--only-masked", "Inpaint area",
                 "Draw only the area around the mask, as large as a picture of its own, and lay it back into "
                 "the picture, which keeps its size"},
          s.only_masked);
  visitor(Option{"mask_padding", "--mask-padding", "Masked area padding",
                 "With @(only_masked), how far that area goes beyond the mask, in pixels of the picture, 0 "
                 "to 1024",
                 0, 1024},
          s.mask_padding);
  visitor(Option{"extend_left", "--extend-left", "Extend left",
                 "With @(image), how many pixels of the picture are drawn anew to its left, 0 to 4096; the "
                 "picture itself stays as it is",
                 0, 4096},
          s.extend_left);
  visitor(
      Option{"extend_right", "--extend-right", "Extend right", "The same to its right, 0 to 4096", 0, 4096},
      s.extend_right);
  visitor(Option{"extend_top", "--extend-top", "Extend top", "The same above it, 0 to 4096", 0, 4096},
          s.extend_top);
  visitor(
      Option{"extend_bottom", "--extend-bottom", "Extend bottom", "The same below it, 0 to 4096", 0, 4096},
      s.extend_bottom);
  visitor(
      Option{"restore", "--restore", "Restoration",
             "With @(image), make the picture that it is a worse copy of: colorize, deblur or upscale. What "
             "is known of it is kept"},
      s.restore);
  visitor(
      Option{"blur_sigma", "--sigma", "Blur sigma",
             "With @(restore) deblur, deviation of the Gaussian that blurred the picture, in pixels, 0 to 20",
             0, 20},
      s.blur_sigma);
  visitor(Option{"blur_motion", "--motion", "Blur motion",
                 "With @(restore) deblur, the movement that blurred it: LENGTH,ANGLE in pixels and degrees"},
          s.blur_motion);
  visitor(Option{"blur_kernel", "--kernel", "Blur kernel",
                 "With @(restore) deblur, a grey picture of at most 65x65: what a point of light became"},
          s.blur_kernel);
  visitor(
      Option{"upscale_by", "--by", "Upscale by",
             "With @(restore) upscale, how many times as wide and high the picture becomes, 2 to 4 (default: "
             "2, or an upscaler model's own)",
             2, 4},
      s.upscale_by);
  visitor(
      Option{"noise_level", "--noise-level", "Noise level",
             "With @(restore) upscale by an upscaler model, how much noise lies over the picture before "
             "the model sees it, 0 to the model's most, mostly 350 (default: 20); with @(reference), over "
             "what is seen in that, mostly 0 to 999 (default: 0). More lets it draw more",
             0, 999},
      s.noise_level);
  visitor(
      Option{"restore_rounds", "--rounds", "Restoration rounds",
             "With @(restore), how often the picture is noised, denoised and brought back to what is known, "
             "1 to 16",
             1, 16},
      s.restore_rounds);
  visitor(
      Option{"invert", "--invert", "Inverted",
             "Find the noise that leads back to the start picture: without a dial, or with the dial at 0, "
             "it comes out again"},
      s.invert);
  visitor(Option{"style", "--style", "Style",
                 "The style, or any described feature, that the dial sets; or lora:NAME of @(lora_dir), or "
                 "lora:FILE, perhaps with :SCALE: a LoRA"},
          s.style);
  visitor(Option{"position", "--at", "Dial", "Dial position: 0 none, 1 full, negative away from the style",
                 -4, 4},
          s.position);
  visitor(Option{"method", "--method", "Dial method",
                 "How the style is set: one of the dial's methods (default: calibrated)"},
          s.method);
  visitor(
      Option{"dial", "--dial", "Dial file",
             "With @(method) calibrated, the file that a calibration wrote (default: the model's own for the "
             "style)"},
      s.dial);
  visitor(Option{"style_mask", "--style-mask", "Style mask",
                 "With @(method) calibrated, guide or anchored, a picture: the style acts where it is "
                 "white. Of another size it is scaled and cut at the centre"},
          s.style_mask);
  visitor(Option{"mask_words", "--mask-words", "Style mask words",
                 "With the same methods, words of the prompt, parted by commas: the style acts where the "
                 "picture shows them, as the model's own attention tells"},
          s.mask_words);
  visitor(Option{"style_start", "--style-start", "Style start",
                 "With @(method) guide or anchored, the share of the steps before the style begins, 0 to 1",
                 0, 1},
          s.style_start);
  visitor(
      Option{"style_end", "--style-end", "Style end",
             "With @(method) guide or anchored, the share of the steps after which the style ends, 0 to 1", 0,
             1},
      s.style_end);
  visitor(Option{"style_passes", "--style-passes", "Style passes",
                 "With @(method) anchored, how often the steps of the style are gone through, 1 to 16: more "
                 "from a late @(style_start) show the style and keep the scene",
                 1, 16},
          s.style_passes);
  visitor(
      Option{"style_guidance", "--style-guidance", "Style guidance",
             "With @(method) anchored, the guidance scale of the edit as a share of the picture's, 0 to 4", 0,
             4},
      s.style_guidance);
  visitor(Option{"per_token", "--per-token", "Dial per token",
                 "Turn each token's vector by itself instead of the flattened encoding"},
          s.per_token);
  visitor(Option{"to_prompt", "--to", "Interpolate to", "Prompt at the other end of an interpolation"},
          s.to_prompt);
  visitor(Option{"to_image", "--to-image", "Interpolate to image",
                 "With @(invert), the picture at the other end of an interpolation"},
          s.to_image);
  visitor(Option{"to_reference", "--to-reference", "Interpolate to reference",
                 "With @(reference), the picture at the other end of an interpolation"},
          s.to_reference);
  visitor(Option{"to_seed", "--to-seed", "Interpolate to seed",
                 "Seed of the noise at the other end of an interpolation (-1: the same noise)", -1,
                 9223372036854775807.0},
          s.to_seed);
  visitor(Option{"theta", "--theta", "Theta", "Interpolation position: 0 the first end, 1 the other", 0, 1},
          s.theta);
}

/// What is loaded, and what it runs on. Part of no picture's settings: another thread count gives the same
/// picture.
struct ModelOptions {
  /// diffusers folder, `.safetensors`, `.ckpt` or `.gguf`; empty: the embedded `scenes`.
  std::string model;
  std::vector<std::string> lora =
      {};                     ///< LoRA files, each perhaps followed by ":SCALE"; added one after the other.
  std::string lora_dir = "";  ///< Folder of the LoRAs that `<lora:NAME:SCALE>` in a prompt adds; empty: none.
  std::vector<std::string> embedding =
      {};  ///< Files of textual inversion, perhaps as "WORD=FILE"; the word in a prompt is the embedding.
  std::vector<std::string> dials = {};  ///< Dial files that calibrate wrote, for the styles that they name.
  std::string unet = "";  ///< File or folder of the U-Net that draws in place of the model's; empty: its own.
  std::string vae = "";   ///< File or folder of the VAE in place of the model's; empty: its own.
  std::string refiner = "";  ///< SDXL's refiner, which draws the last of the steps; empty: none does.
  /// "epsilon", "v_prediction" or "sample": what the U-Net predicts; empty: as the model says.
  std::string prediction = "";
  std::string taesd = "";  ///< TAESD folder or file that decodes pictures; empty: the model's own VAE does.
  /// "f32", "bf16" or "int8" (the U-Net's products; the rest is bf16); empty: the faster of f32 and bf16
  /// here.
  std::string dtype;
  int threads = 0;       ///< 0: every core this process may use.
  bool profile = false;  ///< Time every operation, for Pipeline::profile.
};

/// Calls `visitor(option, field)` for every model option.
template <class OptionsRef, class Visitor>
void visit_model_options(OptionsRef& o, Visitor&& visitor) {
  visitor(Option{"model", "-m,--model", "",
                 "diffusers folder, .safetensors, .ckpt or .gguf (default: the embedded scenes model)"},
          o.model);
  visitor(Option{"lora", "--lora", "",
                 "LoRA to add to the model, .safetensors or .pt, as FILE or FILE:SCALE (default scale: 1; "
                 "negative takes away); give it again for more"},
          o.lora);
  visitor(
      Option{"lora_dir", "--lora-dir", "",
             "Folder of LoRA files, and of folders of them, that prompts add by <lora:NAME:SCALE>, NAME a "
             "file's without its ending"},
      o.lora_dir);
  visitor(Option{"embedding", "--embedding", "",
                 "Embedding of textual inversion, .pt, .bin or .safetensors, as FILE, whose name without its "
                 "ending is then a word of prompts, or WORD=FILE; give it again for more"},
          o.embedding);
  visitor(
      Option{"unet", "--unet", "",
             "U-Net that draws in place of the model's own: .gguf, .safetensors, .ckpt, .bin or a diffusers "
             "folder; of a whole model its U-Net"},
      o.unet);
  visitor(
      Option{
          "vae", "--vae", "",
          "VAE in place of the model's own: .safetensors, .ckpt, .pt, .bin, .gguf or a diffusers folder; of "
          "a whole model its VAE"},
      o.vae);
  visitor(Option{"refiner", "--refiner", "",
                 "Refiner that draws the last of the steps in place of the model, as @(refiner_switch) says: "
                 "Stable Diffusion XL's, a diffusers folder, .safetensors, .ckpt or .gguf"},
          o.refiner);
  visitor(
      Option{"prediction", "--prediction", "",
             "What the U-Net predicts: epsilon, v_prediction or sample (default: as the model's files say)"},
      o.prediction);
  visitor(
      Option{"taesd", "--taesd", "",
             "Small, fast decoder that makes pictures of latents in place of the model's own: a diffusers "
             "AutoencoderTiny folder, .safetensors, .pt or .pth"},
      o.taesd);
  visitor(Option{"dtype", "--dtype", "",
                 "Number format of the computation: f32, bf16, which takes half the memory, or int8, the "
                 "fastest (default: bf16 on processors with AVX2, f32 on others)"},
          o.dtype);
  visitor(Option{"threads", "--threads", "", "Threads, 1 to 1024 (0: all cores)", 0, 1024}, o.threads);
  visitor(Option{"profile", "--profile", "",
                 "At the end, say where the time went: seconds and GFLOP/s per operation and shape"},
          o.profile);
}

}  // namespace latentdial
