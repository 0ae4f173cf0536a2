#include "task/resolve.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <optional>
#include <utility>

#include "dial/style_words.h"
#include "image/formats.h"
#include "latentdial/error.h"
#include "latentdial/parameters.h"
#include "model/dials.h"
#include "task/canvas.h"
#include "task/cut_out.h"
#include "task/dial_notices.h"
#include "task/dial_range.h"
#include "task/picture_size.h"
#include "task/prompts.h"
#include "task/redrawn_part.h"
#include "task/reference.h"
#include "task/second_pass.h"
#include "text/require.h"

namespace latentdial::detail {
namespace {

namespace fs = std::filesystem;

constexpr double kRefinerSwitch = 0.8;  // What SDXL's refiner was trained for.
constexpr int kMostOfOwnSide = 16;
constexpr std::int64_t kMostOfSmall = 1 << 24;   // Pixels of an extended picture, whatever it was,
constexpr std::int64_t kMostOfLarge = 4;         // or so many times those that it had.
constexpr std::int64_t kMostRestored = 1 << 24;  // Pixels: each takes about 150 bytes.

/// Whether an area of the start image is drawn by itself and laid back.
bool draws_area(const Settings& s, const InputImages& images) {
  return images.mask && (s.only_masked || extends(s));
}

/// The area of the start image that is drawn, of no particular shape: all of it, or what is around a mask;
/// around what is new as much as makes a picture of the model's own size.
std::optional<PixelArea> area_to_draw(const Settings& s, const InputImages& images, const ModelInfo& model) {
  if (!images.start) return std::nullopt;
  const Image& start = images.start->image();
  if (!draws_area(s, images)) return PixelArea{0, 0, start.width, start.height};
  const InputImage mask = images.mask->resized(start.width, start.height);
  const PixelArea area = area_to_redraw(mask.image(), s.mask_blur, padding_around_mask(s));
  if (!extends(s)) return area;
  return of_at_least(area, model.width, model.height, start.width, start.height);
}

/// A restored picture is as large as its copy says, up to whole latents.
Settings with_own_size(Settings s, const InputImages& images, int multiple) {
  const PictureSize own = restored_size(s, images.start->image(), multiple);
  require(std::int64_t{own.width} * own.height <= kMostRestored, "image",
          "the restored picture would have {}x{}; at most {} million pixels are", own.width, own.height,
          kMostRestored / 1'000'000);
  require((s.width == 0 || s.width == own.width) && (s.height == 0 || s.height == own.height),
          s.width != 0 ? "width" : "height", "the restored picture has {}x{}; leave the size out", own.width,
          own.height);
  s.width = own.width;
  s.height = own.height;
  return s;
}

/// The model's own, where this sampler has it.
std::string own_scheduler(const std::string& sampler, const ModelInfo& model) {
  const auto able = samplers_with(model.scheduler);
  return std::ranges::find(able, sampler) != able.end() ? model.scheduler : "normal";
}

/// `area` of the start image gives the shape, where there is one.
Settings with_defaults(Settings s, const ModelInfo& model, const std::optional<PixelArea>& area,
                       int multiple) {
  if (s.width == 0 && area) {
    const PictureSize size =
        size_like(area->width, area->height, model, multiple, extends(s) ? kMostOfOwnPixels : 1);
    s.width = size.width;
    s.height = size.height;
  }
  if (s.width == 0) s.width = model.width;
  if (s.height == 0) s.height = model.height;
  if (!s.guidance_scale) s.guidance_scale = model.guidance_scale;
  if (!s.noise_level && model.takes_reference) s.noise_level = 0;
  if (!s.refiner_switch && !model.refiner.empty()) s.refiner_switch = kRefinerSwitch;
  if (s.sampler.empty()) s.sampler = model.sampler;
  if (s.scheduler.empty()) s.scheduler = own_scheduler(s.sampler, model);
  if (draws_twice(s) && s.hires_with.empty()) s.hires_with = "latent";
  if (!s.style.empty() && s.method.empty()) s.method = dial_method_table().front().info.name;
  return s;
}

/// Attention grows with the fourth power of a side: a slip of the pen would keep a machine busy for hours.
void check_most(const PictureSize& size, const char* field, const ModelInfo& model) {
  const int most = kMostOfOwnSide * std::max(model.width, model.height);
  require(size.width <= most && size.height <= most, field,
          "{}x{} is too large for {}, which was trained at {}x{}; use sides of up to {}", size.width,
          size.height, model.name, model.width, model.height, most);
}

InputImages open_images(const Request& request, OpenedFiles& files) {
  const Settings& s = request.settings;
  InputImages images = request.images;
  for (const InputFile& input : input_pictures()) {
    auto& image = images.*input.picture;
    if (const std::string& path = s.*input.path; !image && !path.empty())
      image = input.is_mask ? files.mask(path) : files.image(path);
  }
  return images;
}

void check_size(const Settings& s, int multiple) {
  require(s.width % multiple == 0 && s.height % multiple == 0, s.width % multiple != 0 ? "width" : "height",
          "{}x{} is not a multiple of {} in both directions, as this model needs", s.width, s.height,
          multiple);
}

/// A picture that could not be read again is not made.
void check_canvas(const Settings& s, const InputImages& images) {
  if (!images.start || !extends(s)) return;
  const Image& start = images.start->image();
  const std::int64_t width = std::int64_t{start.width} + s.extend_left + s.extend_right;
  const std::int64_t height = std::int64_t{start.height} + s.extend_top + s.extend_bottom;
  // A few bytes must not ask for gigabytes: what is new is bounded by what is there.
  const std::int64_t own = std::int64_t{start.width} * start.height;
  const std::int64_t most = std::min(kMostPixels, std::max(kMostOfSmall, kMostOfLarge * own));
  require(std::max(width, height) <= kLargestSide && width * height <= most, extended_side(s),
          "{}x{} with what is new is too large; use sides of up to {} and at most {} pixels", width, height,
          kLargestSide, most);
}

/// Whether the text encoder takes the prompts.
void check_texts(const Settings& s, const Around& style, const TextReader& texts, PromptSyntax syntax) {
  const auto check = [&](const char* field, const std::string& text) {
    (void)read_prompt(field, [&] { return texts.windows(text, syntax); });
  };
  require(s.clip_skip <= texts.most_clip_skip(), "clip_skip",
          "{} leaves no layer of this model's text encoder; use 1 to {}", s.clip_skip,
          texts.most_clip_skip());
  check("prompt", joined(s.prompt, style));
  check("to_prompt", joined(s.to_prompt, style));
  check("negative_prompt", s.negative_prompt);
  if (!s.mask_words.empty()) (void)texts.places_of("mask_words", s.mask_words, s.prompt, syntax);
  if (!s.redraw_words.empty()) (void)texts.places_of("redraw_words", s.redraw_words);
}

/// What a mask says must be something.
void check_mask(const InputImage& mask) {
  for (std::size_t i = 0; i < mask.image().rgb.size() / 3; ++i)
    if (is_named(mask.image(), i)) return;
  throw invalid_input("mask", fmt::format("{} is black everywhere, so nothing would be redrawn; paint white "
                                          "what is to be",
                                          mask.name()));
}

/// Pictures as they are drawn: scaled to fill the size, or the area that is cut out of them.
class Framing {
 public:
  Framing(const Settings& s, const InputImages& images, const std::optional<PixelArea>& area)
      : width_(s.width), height_(s.height) {
    if (!draws_area(s, images)) return;
    whole_ = images.start;
    const Image& start = whole_->image();
    area_ = with_shape(*area, static_cast<double>(s.width) / s.height, start.width, start.height);
  }

  [[nodiscard]] InputImage framed(const InputImage& image) const {
    if (!whole_) return image.resized(width_, height_);
    return InputImage(resized(as_whole(image).image(), area_, width_, height_), image.name());
  }

  [[nodiscard]] RedrawnPart part(const InputImage& mask, double blur) const {
    if (!whole_) return {.mask = framed(mask), .blur = blur};
    return cut_out(*whole_, as_whole(mask), blur, area_, width_, height_);
  }

 private:
  /// As large as the picture that the area is cut out of.
  [[nodiscard]] InputImage as_whole(const InputImage& image) const {
    return image.resized(whole_->image().width, whole_->image().height);
  }

  int width_, height_;
  std::optional<InputImage> whole_;
  PixelArea area_;
};

Source source_of(const Settings& s, const InputImages& images, const Framing& framing) {
  Source source;
  source.seed = s.seed;
  if (!images.start) return source;
  source.image = framing.framed(*images.start);
  source.strength = extends(s) || s.restore == "colorize" ? 1 : s.strength;
  source.inverted = s.invert;
  if (!images.mask && s.redraw_words.empty()) return source;
  if (images.mask) {
    source.part = framing.part(*images.mask, s.mask_blur);
    check_mask(*source.part->mask);
  } else {
    source.part = {.words = s.redraw_words, .blur = s.mask_blur};
  }
  source.part->fill = s.mask_fill.empty() ? "original" : s.mask_fill;
  source.part->twice = s.mask_update == "ding";
  return source;
}

Content content_of(const Settings& s, const InputImages& images, const Framing& framing,
                   PromptSyntax syntax) {
  Content content;
  content.words = {s.prompt, s.negative_prompt, syntax, s.clip_skip};
  content.per_token = s.per_token;
  content.to.prompt = s.to_prompt;
  if (images.end) content.to.image = images.end->resized(s.width, s.height);
  if (s.to_seed >= 0) content.to.seed = static_cast<std::uint64_t>(s.to_seed);
  content.to.theta = s.theta;
  content.guidance = {s.guidance_scale.value(), {s.guidance_start, s.guidance_end}, s.guidance_rescale};
  content.sampling = {s.sampler, s.scheduler, s.eta.value_or(kDefaultEta), s.steps, s.width,
                      s.height,  s.reuse,     s.refiner_switch.value_or(1)};
  content.source = source_of(s, images, framing);
  return content;
}

void check_dial(const Dial& dial, const std::string& file, const std::string& style, const ModelInfo& model) {
  require(dial_file_name(dial.style) == dial_file_name(style), "dial",
          "{} is for the style \"{}\", not \"{}\"", file, dial.style, style);
  require_own_dial(dial, file, model);
}

/// The model's own dial. Its errors name it by its place in the model: a server's clients need not know where
/// that lies.
std::shared_ptr<const Dial> read_models_own(const fs::path& path, const fs::path& place, OpenedFiles& files) {
  try {
    return files.dial(path);
  } catch (const Error& error) {
    std::string message = error.message();
    const std::string named = single_line(path.string());
    if (message.starts_with(named)) message.replace(0, named.size(), place.string());
    throw Error(error.code(), error.field(), message);
  }
}

/// The dial that a request of a method with dials is turned by: the one it brings, the file it names,
/// one that was loaded with the model, or STYLE.dial.json in its dial_folder; null: none was fitted.
std::shared_ptr<const Dial> find_dial(const Request& request, const Model& model, const ModelInfo& info,
                                      OpenedFiles& files) {
  const Settings& s = request.settings;
  if (request.dial) {
    check_dial(*request.dial, "the given dial", s.style, info);
    return request.dial;
  }
  if (!s.dial.empty()) {
    auto dial = files.dial(s.dial);
    check_dial(*dial, s.dial, s.style, info);
    return dial;
  }
  const std::string name = dial_file_name(s.style);
  // Loaded dials were fitted without the LoRAs of a prompt.
  if (info.fingerprint == model.info.fingerprint)
    for (const auto& loaded : model.dials)
      if (dial_file_name(loaded->style) == name) return loaded;
  const fs::path folder = dial_folder(info.path), place = folder.filename() / name;
  std::error_code ignored;
  if (!fs::exists(folder / name, ignored)) return nullptr;
  auto dial = read_models_own(folder / name, place, files);
  // The model's own dials were fitted without the LoRA.
  if (!info.loras.empty()) return nullptr;
  check_dial(*dial, place.string(), s.style, info);
  return dial;
}

void check_second_pass(const Settings& s, const SecondPass& pass, const Model& model) {
  check_most({pass.width, pass.height}, "hires", model.info);
  try {
    (void)make_sampler(s.sampler, s.scheduler, model.schedule, pass.steps);
  } catch (const Error& error) {
    throw error.field() == "steps" ? error.about("hires_steps") : error;
  }
}

/// The network that enlarges a picture for its second pass, where one is named.
std::shared_ptr<const Upscaler> find_upscaler(const Request& request, const Model& model,
                                              OpenedFiles& files) {
  if (request.upscaler || !names_network(request.settings)) return request.upscaler;
  return files.upscaler({.file = request.settings.hires_with,
                         .dtype = model.loaded_by.dtype,
                         .threads = model.loaded_by.threads});
}

/// Brings the position into its dial's range, and says so.
void hold_position(Resolved& resolved) {
  double& position = resolved.task.turn.position;
  const auto [held, reason] = held_position(resolved.task);
  if (!reason.empty())
    resolved.notices.push_back(
        fmt::format("position {} is outside of the dial's range, {} is used: {}", position, held, reason));
  position = held;
}

}  // namespace

Resolved resolve(const Request& request, const Model& model, const ModelInfo& info, OpenedFiles& files,
                 const std::optional<LoraUse>& style) {
  validate(request);
  check_reference(request, info);
  check_enlargement(request.settings, info);
  Resolved result{request, {}};
  Request& filled = result.request;
  filled.settings = with_enlargement(request.settings, info);
  filled.images = open_images(request, files);
  const auto multiple = static_cast<int>(model.vae_config.downscale());
  check_canvas(filled.settings, filled.images);
  const InputImages images = on_canvas(filled.settings, filled.images);
  const auto area = area_to_draw(filled.settings, images, info);
  if (restores(filled.settings)) filled.settings = with_own_size(filled.settings, images, multiple);
  filled.settings = with_defaults(filled.settings, info, area, multiple);
  validate(filled);  // The model's own sampler may be at odds with another setting.
  const Settings& s = filled.settings;
  if (!restores(s)) check_most({s.width, s.height}, s.width >= s.height ? "width" : "height", info);
  check_size(s, multiple);
  const auto syntax = s.plain_prompt ? PromptSyntax::literal : PromptSyntax::a1111;
  Turn& turn = result.task.turn;
  turn.style = s.style;
  turn.lora = style;
  check_texts(s, turn.around(), model.texts, syntax);
  require(!info.inpaints || s.mask_update != "ding", "mask_update",
          "{} is told the rest and keeps it by itself; leave it out", info.name);
  require(s.guidance_rescale == 0 || *s.guidance_scale > 1, "guidance_rescale",
          "{}, but there is no guidance: @(guidance_scale) is {}", s.guidance_rescale, *s.guidance_scale);
  require(s.refiner_switch.value_or(1) == 1 || !info.refiner.empty(), "refiner_switch",
          "no refiner is loaded that could draw after the share {}; name one by @(refiner)",
          s.refiner_switch.value_or(1));
  (void)make_sampler(s.sampler, s.scheduler, model.schedule, s.steps);
  const Framing framing(s, images, area);
  result.task.content = content_of(s, images, framing, syntax);
  Source& source = result.task.content.source;
  if (info.upscales_by > 0) {
    source = {.seed = s.seed, .enlargement = enlargement_of(s, *images.start, multiple)};
  } else if (restores(s)) {
    source.restoration = restoration_of(s, *images.start, multiple, images.kernel);
  }
  if (model.pictures) add_references(s, images, model.pictures->size(), result.task.content);
  if (restores(s)) source.tiles = tiles_to_draw({s.width, s.height}, info, multiple);
  if (!restores(s)) result.notices = size_notices(filled, info, multiple);
  if (source.part) std::ranges::move(part_notices(*source.part), std::back_inserter(result.notices));
  if (draws_twice(s)) {
    filled.upscaler = find_upscaler(filled, model, files);
    result.second_pass = second_pass_of(s, multiple, filled.upscaler);
    check_second_pass(s, *result.second_pass, model);
  }
  if (s.style.empty()) return result;
  turn.method = &find_dial_method(s.method);
  turn.position = s.position;
  turn.window = {s.style_start, s.style_end};
  turn.recipe =
      turn.method->own_edit
          ? turn.method->own_edit->recipe
          : EditRecipe{.start = s.style_start, .passes = s.style_passes, .guidance = s.style_guidance};
  if (images.style_mask) turn.area.mask = framing.framed(*images.style_mask);
  turn.area.words = s.mask_words;
  if (auto notice = unguided_notice(turn, result.task.content.guidance.scale); !notice.empty())
    result.notices.push_back(std::move(notice));
  if (!turn.method->info.takes_dial) return result;
  const auto dial = style ? nullptr : find_dial(filled, model, info, files);
  if (dial) {
    turn.dial = *dial;
    turn.words = dial->words;
  }
  if (!s.dial.empty()) filled.dial = dial;
  if (turn.follows_path()) hold_position(result);
  return result;
}

Resolved resolve(const Request& request, const Model& model, OpenedFiles& files) {
  return resolve(request, model, model.info, files);
}

}  // namespace latentdial::detail
