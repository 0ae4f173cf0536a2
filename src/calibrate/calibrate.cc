#include "latentdial/calibrate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "calibrate/course.h"
#include "dial/style_words.h"
#include "latentdial/error.h"
#include "text/require.h"

namespace latentdial {

using namespace detail;
namespace {

// Strengths at which pictures are made: up to the words' own, and past it.
constexpr double kStrengths[] = {0.25, 0.5, 0.75, 1};
constexpr double kBeyond[] = {1.3, 1.6, 2};
// Of the words for the scene, what a picture must still show as the meter reads it.
constexpr double kLeastContent = 0.8;
// By its making a plain picture reads 0 and a styled one 1, or more under guidance. Words that the model does
// not know make a direction of noise, in which anything can be read.
constexpr double kMostPlain = 0.5;
constexpr double kLeastStyled = 0.5;
constexpr double kMostStyled = 3;
// A known style shows on every picture; nonsense may seem to on more than half.
constexpr double kLeastScenes = 0.75;
// Less between two points is within the meter's own error.
constexpr double kLeastGain = 0.05;

/// A prompt and a seed, and how the plain and the styled picture of them read.
struct Scene {
  std::string prompt;
  std::uint64_t seed;
  double plain = 0, styled = 0;  ///< Of the style.
  double content = 0;            ///< Of the prompt, in the styled picture.
};

/// Makes pictures and reads them, counting what is done.
class Fitter {
 public:
  Fitter(const Pipeline& pipeline, const CalibrationOptions& options)
      : pipeline_(pipeline), options_(options) {}

  [[nodiscard]] std::vector<Image> make(const std::vector<Request>& list) {
    std::vector<Image> images(list.size());
    pipeline_.generate(list,
                       [&](std::size_t i, Picture picture) {
                         images[i] = std::move(picture.image);
                         ++pictures;
                         if (options_.on_picture) options_.on_picture(pictures);
                       },
                       {.on_step = options_.on_step, .stop = options_.stop});
    return images;
  }

  /// How much of the style the picture of each scene shows.
  [[nodiscard]] std::vector<double> read_style(const std::vector<Image>& images,
                                               const std::vector<Scene>& scenes) const {
    return measure(images, scenes, [&](const std::string& content) {
      return Measurement{.style = options_.settings.style, .prompt = content, .words = words};
    });
  }

  /// How much of its scene's content each picture shows beside the style's words.
  [[nodiscard]] std::vector<double> read_content(const std::vector<Image>& images,
                                                 const std::vector<Scene>& scenes) const {
    return measure(images, scenes, [&](const std::string& content) {
      return Measurement{.style = content, .prompt = options_.settings.style};
    });
  }

  /// A prompt with the style's words.
  [[nodiscard]] std::string styled(const std::string& prompt) const {
    return joined(prompt, around_prompt(words, options_.settings.style));
  }

  [[nodiscard]] Settings plain(const std::string& prompt, std::uint64_t seed) const {
    Settings s = options_.settings;
    s.prompt = prompt;
    s.seed = seed;
    s.style = "";
    return s;
  }

  /// A scene as the dial's key picture of this strength.
  [[nodiscard]] Request turned(const Scene& scene, double strength) const {
    Request request(plain(scene.prompt, scene.seed));
    Settings& s = request.settings;
    s.style = options_.settings.style;
    s.method = "calibrated";
    s.position = 1;
    Dial dial = new_dial();
    dial.points = {{0, 0}, {1, strength}};
    request.dial = std::make_shared<const Dial>(std::move(dial));
    return request;
  }

  /// Without points yet.
  [[nodiscard]] Dial new_dial() const {
    return {.style = options_.settings.style,
            .model = pipeline_.info().name,
            .fingerprint = pipeline_.info().fingerprint,
            .guidance_scale = options_.settings.guidance_scale.value(),
            .words = words};
  }

  int pictures = 0;
  std::string words = Dial().words;  ///< How the style is put to a prompt.

 private:
  /// Pictures of one content together.
  template <class Ask>
  [[nodiscard]] std::vector<double> measure(const std::vector<Image>& images,
                                            const std::vector<Scene>& scenes, const Ask& ask) const {
    std::map<std::string, std::vector<std::size_t>> by_content;
    for (std::size_t i = 0; i < images.size(); ++i) by_content[scenes[i].prompt].push_back(i);
    std::vector<double> strengths(images.size());
    for (const auto& [content, places] : by_content) {
      std::vector<Image> group;
      for (const auto i : places) group.push_back(images[i]);
      Measurement measurement = ask(content);
      measurement.evaluations = options_.evaluations;
      const auto readings =
          pipeline_.measure(group, measurement, {.on_step = options_.on_step, .stop = options_.stop});
      for (std::size_t k = 0; k < places.size(); ++k) strengths[places[k]] = readings[k].strength;
    }
    return strengths;
  }

  const Pipeline& pipeline_;
  const CalibrationOptions& options_;
};

/// The prompts and seeds, and their plain pictures.
struct PlainScenes {
  std::vector<Scene> scenes;
  std::vector<Image> images;
};

PlainScenes make_plain(Fitter& fitter, const CalibrationOptions& options) {
  PlainScenes plain;
  std::vector<Request> list;
  for (const auto& prompt : options.prompts) {
    for (const auto seed : options.seeds) {
      plain.scenes.push_back({prompt, seed});
      list.emplace_back(fitter.plain(prompt, seed));
    }
  }
  plain.images = fitter.make(list);
  return plain;
}

/// Those on which the style shows by the fitter's words.
std::vector<Scene> scenes_that_show_it(Fitter& fitter, const PlainScenes& plain) {
  std::vector<Scene> scenes = plain.scenes;
  std::vector<Request> list;
  for (const Scene& scene : scenes) list.emplace_back(fitter.plain(fitter.styled(scene.prompt), scene.seed));
  const auto without = fitter.read_style(plain.images, plain.scenes);
  const auto images = fitter.make(list);
  const auto with = fitter.read_style(images, plain.scenes),
             content = fitter.read_content(images, plain.scenes);
  for (std::size_t i = 0; i < scenes.size(); ++i) {
    scenes[i].plain = without[i];
    scenes[i].styled = with[i];
    scenes[i].content = content[i];
  }
  std::erase_if(scenes, [](const Scene& scene) {
    return std::abs(scene.plain) > kMostPlain || scene.styled < kLeastStyled || scene.styled > kMostStyled;
  });
  return scenes;
}

/// The scenes on which the style shows, by the first words by which it does.
std::vector<Scene> find_scenes(Fitter& fitter, const CalibrationOptions& options) {
  const PlainScenes plain = make_plain(fitter, options);
  const auto tried = plain.scenes.size();
  std::size_t shown = 0;
  for (const std::string_view words : ways_to_say_it()) {
    fitter.words = words;
    auto scenes = scenes_that_show_it(fitter, plain);
    shown = std::max(shown, scenes.size());
    if (static_cast<double>(scenes.size()) >= kLeastScenes * static_cast<double>(tried)) return scenes;
  }
  throw invalid_input("style", fmt::format("\"{}\" shows on {} of {} pictures only, so there is nothing to "
                                           "calibrate; name a style that this model knows",
                                           options.settings.style, shown, tried));
}

/// How the scenes' pictures of one strength read: the share of the way from plain to styled, and what they
/// keep of the content, as a share of what the styled ones show.
ResponsePoint respond(const Fitter& fitter, const std::vector<Scene>& scenes,
                      const std::vector<Image>& images, double strength) {
  const auto shown = fitter.read_style(images, scenes);
  const auto n = static_cast<double>(scenes.size());
  double sum = 0, squares = 0;
  for (std::size_t i = 0; i < scenes.size(); ++i) {
    const double share = (shown[i] - scenes[i].plain) / (scenes[i].styled - scenes[i].plain);
    sum += share;
    squares += share * share;
  }
  const double mean = sum / n;
  ResponsePoint point = {strength, mean, std::sqrt(std::max(0.0, squares / n - mean * mean))};
  if (strength <= 1) return point;
  const auto kept = fitter.read_content(images, scenes);
  double content = 0;
  for (std::size_t i = 0; i < scenes.size(); ++i) content += kept[i] / scenes[i].content;
  point.content = content / n;
  return point;
}

/// Strengths together: pictures of one scene share what is seen of the plain one.
std::vector<ResponsePoint> respond(Fitter& fitter, const std::vector<Scene>& scenes,
                                   std::span<const double> strengths) {
  std::vector<Request> list;
  for (const Scene& scene : scenes)
    for (const double strength : strengths) list.push_back(fitter.turned(scene, strength));
  const auto images = fitter.make(list);
  std::vector<ResponsePoint> response;
  for (std::size_t k = 0; k < strengths.size(); ++k) {
    std::vector<Image> of_strength;
    for (std::size_t i = k; i < images.size(); i += strengths.size()) of_strength.push_back(images[i]);
    response.push_back(respond(fitter, scenes, of_strength, strengths[k]));
  }
  return response;
}

/// Adds strengths past the words' own for as long as more of the style shows and the content stays; says why
/// it stopped.
std::string extend(Fitter& fitter, const std::vector<Scene>& scenes, std::vector<ResponsePoint>& response) {
  for (const double strength : kBeyond) {
    const ResponsePoint last = response.back(),
                        beyond = respond(fitter, scenes, std::span(&strength, 1)).front();
    if (beyond.content < kLeastContent)
      return fmt::format(
          "beyond it the picture keeps less than {:.0f} % of what the prompt says ({:.0f} % at strength {})",
          100 * kLeastContent, 100 * beyond.content.value(), strength);
    if (beyond.mean < last.mean + kLeastGain)
      return fmt::format("the style shows {:.0f} % at strength {}, and more strength shows no more",
                         100 * last.mean, last.strength);
    response.push_back(beyond);
  }
  return "nothing further was tried";
}

}  // namespace

int most_pictures(const CalibrationOptions& options) {
  const auto of_a_scene = 1 + ways_to_say_it().size() + std::size(kStrengths) + std::size(kBeyond);
  return static_cast<int>(options.prompts.size() * options.seeds.size() * of_a_scene);
}

Calibration calibrate(const Pipeline& pipeline, const CalibrationOptions& given) {
  validate(given);
  require(!pipeline.info().takes_reference, "model",
          "{} draws variations of a picture, but a dial is fitted on pictures of words alone; use another",
          pipeline.info().name);
  CalibrationOptions options = given;
  options.settings.guidance_scale = given.settings.guidance_scale.value_or(pipeline.info().guidance_scale);
  Fitter fitter(pipeline, options);
  const auto scenes = find_scenes(fitter, options);
  Calibration result;
  result.response = respond(fitter, scenes, kStrengths);
  result.dial = fitter.new_dial();
  result.dial.reason = extend(fitter, scenes, result.response);
  result.dial.points = course_of(result.response);
  result.pictures = fitter.pictures;
  result.used = static_cast<int>(scenes.size());
  return result;
}

}  // namespace latentdial
