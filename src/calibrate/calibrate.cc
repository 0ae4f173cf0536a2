#include "latentdial/calibrate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <numeric>

#include "calibrate/monotone.h"
#include "latentdial/error.h"

namespace latentdial {
namespace {

// The latest start from which the style still comes through keeps most of the scene and costs least. From
// later ones than these, fine strokes do not form (docs/ruler.md).
constexpr double kStarts[] = {0.4, 0.3, 0.2, 0};
constexpr double kStrengths[] = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.15, 1.3, 1.5, 1.75, 2};
// Much beyond the strength of the styled prompt itself, 1, pictures burn and scenes drift: what shows at this
// strength is as much as a dial may call full.
constexpr double kMostFullStrength = 1.3;
constexpr double kTrials[] = {1, kMostFullStrength};
constexpr double kFullEnough = 0.8;
// By its making a plain picture reads 0 and a styled one 1, or more under guidance. Words that the model does
// not know make a direction of noise, in which anything can be read.
constexpr double kMostPlain = 0.5;
constexpr double kLeastStyled = 0.5;
constexpr double kMostStyled = 3;
constexpr int kBlends = 10;
constexpr double kPositionStep = 0.05;
constexpr double kFurthestPosition = 1.5;

/// A prompt and a seed, and how the plain and the styled picture of them read.
struct Scene {
  std::string prompt;
  std::uint64_t seed;
  Image picture;  ///< The plain one.
  double plain = 0, styled = 0;
};

/// Makes pictures and reads them, counting what is done.
class Fitter {
 public:
  Fitter(const Pipeline& pipeline, const CalibrationOptions& options)
      : pipeline_(pipeline), options_(options) {}

  [[nodiscard]] std::vector<Image> make(const std::vector<Settings>& list) {
    std::vector<Image> images(list.size());
    pipeline_.generate(list,
                       [&](std::size_t i, Picture picture) {
                         images[i] = std::move(picture.image);
                         ++pictures;
                         if (options_.on_progress)
                           options_.on_progress(pictures, std::max(pictures, expected));
                       },
                       {.on_step = {}, .stop = options_.stop});
    return images;
  }

  /// The meter's reading of each picture; those of one content together.
  [[nodiscard]] std::vector<double> read(const std::vector<Image>& images,
                                         const std::vector<std::string>& contents) {
    std::vector<double> strengths(images.size());
    std::map<std::string, std::vector<std::size_t>> by_content;
    for (std::size_t i = 0; i < images.size(); ++i) by_content[contents[i]].push_back(i);
    for (const auto& [content, places] : by_content) {
      std::vector<Image> group;
      for (const auto i : places) group.push_back(images[i]);
      const auto readings = pipeline_.measure(group,
                                              {.style = options_.settings.style,
                                               .prompt = content,
                                               .evaluations = options_.evaluations,
                                               .seed = 0},
                                              {.on_step = {}, .stop = options_.stop});
      for (std::size_t k = 0; k < places.size(); ++k) strengths[places[k]] = readings[k].strength;
    }
    return strengths;
  }

  int pictures = 0;
  int expected = 0;

 private:
  const Pipeline& pipeline_;
  const CalibrationOptions& options_;
};

Settings plain_settings(const CalibrationOptions& options, const std::string& prompt, std::uint64_t seed) {
  Settings s = options.settings;
  s.prompt = prompt;
  s.seed = seed;
  s.style = s.method = s.dial = "";
  s.style_start = 0;
  s.style_end = 1;
  return s;
}

std::string styled_prompt(const CalibrationOptions& options, const std::string& prompt) {
  return prompt + ", " + options.settings.style;
}

/// The prompts and seeds on which the style shows.
std::vector<Scene> find_scenes(Fitter& fitter, const CalibrationOptions& options) {
  std::vector<Scene> scenes;
  std::vector<Settings> list;
  std::vector<std::string> contents;
  for (const auto& prompt : options.prompts) {
    for (const auto seed : options.seeds) {
      scenes.push_back({prompt, seed, {}});
      list.push_back(plain_settings(options, prompt, seed));
      list.push_back(plain_settings(options, styled_prompt(options, prompt), seed));
      contents.insert(contents.end(), 2, prompt);
    }
  }
  auto images = fitter.make(list);
  const auto readings = fitter.read(images, contents);
  for (std::size_t i = 0; i < scenes.size(); ++i) {
    scenes[i].picture = std::move(images[2 * i]);
    scenes[i].plain = readings[2 * i];
    scenes[i].styled = readings[2 * i + 1];
  }
  std::erase_if(scenes, [](const Scene& scene) {
    return std::abs(scene.plain) > kMostPlain || scene.styled < kLeastStyled || scene.styled > kMostStyled;
  });
  if (scenes.size() * 2 < options.prompts.size() * options.seeds.size()) {
    throw invalid_input(
        fmt::format("--style: \"{}\" shows on {} of {} pictures only, so there is nothing to calibrate; name "
                    "a style that this "
                    "model knows",
                    options.settings.style, scenes.size(), options.prompts.size() * options.seeds.size()));
  }
  return scenes;
}

/// `anchored` at a strength; a negative one turns back the prompt that names the style.
Settings guided(const CalibrationOptions& options, const Scene& scene, double start, double strength) {
  Settings s = options.settings;
  s.prompt = strength < 0 ? styled_prompt(options, scene.prompt) : scene.prompt;
  s.seed = scene.seed;
  s.method = "anchored";
  s.style_start = start;
  s.position = strength;
  return s;
}

/// How the pictures read at each of `strengths`: the share of the way from plain to styled, or with `weaken`
/// from styled to plain.
std::vector<ResponsePoint> respond(Fitter& fitter, const CalibrationOptions& options,
                                   const std::vector<Scene>& scenes, double start,
                                   const std::vector<double>& strengths, bool weaken) {
  std::vector<Settings> list;
  std::vector<std::string> contents;
  for (const Scene& scene : scenes) {
    for (const double strength : strengths) {
      list.push_back(guided(options, scene, start, weaken ? -strength : strength));
      contents.push_back(scene.prompt);
    }
  }
  const auto readings = fitter.read(fitter.make(list), contents);
  std::vector<ResponsePoint> response;
  for (std::size_t k = 0; k < strengths.size(); ++k) {
    double sum = 0, squares = 0;
    for (std::size_t i = 0; i < scenes.size(); ++i) {
      const double from = weaken ? scenes[i].styled : scenes[i].plain;
      const double to = weaken ? scenes[i].plain : scenes[i].styled;
      const double share = (readings[i * strengths.size() + k] - from) / (to - from);
      sum += share;
      squares += share * share;
    }
    const auto n = static_cast<double>(scenes.size());
    const double mean = sum / n;
    response.push_back({strengths[k], mean, std::sqrt(std::max(0.0, squares / n - mean * mean))});
  }
  return response;
}

/// The latest start from which the style comes through in full, or with `weaken` goes in full; or the one
/// from which most does.
double find_start(Fitter& fitter, const CalibrationOptions& options, const std::vector<Scene>& scenes,
                  bool weaken) {
  double best = 0, most = -1;
  for (const double start : kStarts) {
    double reached = 0;
    for (const auto& point :
         respond(fitter, options, scenes, start, {std::begin(kTrials), std::end(kTrials)}, weaken))
      reached = std::max(reached, point.mean);
    if (reached >= kFullEnough) return start;
    if (reached > most) {
      most = reached;
      best = start;
    }
  }
  return best;
}

/// Pixel by pixel, the given share of the way from one picture to another.
Image blend(const Image& from, const Image& to, double share) {
  Image result = from;
  for (std::size_t i = 0; i < from.rgb.size(); ++i) {
    const double value = from.rgb[i] + share * (to.rgb[i] - from.rgb[i]);
    result.rgb[i] = static_cast<std::uint8_t>(std::lround(value));
  }
  return result;
}

/// What the meter makes of a known share of the style: it reads blends of the plain picture and of the one in
/// full style that the dial makes of it, and half of a style is what a blend of half and half shows.
struct MeterCurve {
  std::vector<double> shares, readings;  ///< Both from 0 to 1.
  /// The share that is shown where the meter reads `reading`; beyond 1 what is read.
  [[nodiscard]] double share(double reading) const {
    return reading >= 1 ? reading : inverse(shares, readings, reading);
  }
};

MeterCurve meter_curve(Fitter& fitter, const CalibrationOptions& options, const std::vector<Scene>& scenes,
                       double start, double full_strength) {
  std::vector<Settings> list;
  for (const Scene& scene : scenes) list.push_back(guided(options, scene, start, full_strength));
  const auto styled = fitter.make(list);
  std::vector<Image> blends;
  std::vector<std::string> contents;
  for (std::size_t i = 0; i < scenes.size(); ++i) {
    for (int k = 0; k <= kBlends; ++k) {
      blends.push_back(blend(scenes[i].picture, styled[i], static_cast<double>(k) / kBlends));
      contents.push_back(scenes[i].prompt);
    }
  }
  const auto readings = fitter.read(blends, contents);
  MeterCurve curve;
  for (int k = 0; k <= kBlends; ++k) {
    double sum = 0;
    for (std::size_t i = 0; i < scenes.size(); ++i) {
      const double* row = &readings[i * (kBlends + 1)];
      sum += (row[k] - row[0]) / (row[kBlends] - row[0]);
    }
    curve.shares.push_back(static_cast<double>(k) / kBlends);
    curve.readings.push_back(sum / static_cast<double>(scenes.size()));
  }
  curve.readings = isotonic(curve.readings);
  return curve;
}

/// The response in shares of the style instead of readings; `weaken` counts from the styled end.
std::vector<ResponsePoint> corrected(std::vector<ResponsePoint> response, const MeterCurve& curve,
                                     bool weaken) {
  for (auto& point : response)
    point.mean = weaken ? 1 - curve.share(1 - point.mean) : curve.share(point.mean);
  return response;
}

/// The most that a dial may show, as a share of what the words show: 1, or where that would take too much
/// strength, less.
double reach(const std::vector<ResponsePoint>& response) {
  double most = 0;
  for (const auto& point : response) {
    if (point.strength <= kMostFullStrength) most = std::max(most, point.mean);
  }
  return std::min(most, 1.0);
}

/// The response as a share of `full`.
std::vector<ResponsePoint> relative_to(std::vector<ResponsePoint> response, double full) {
  for (auto& point : response) {
    point.mean /= full;
    point.spread /= full;
  }
  return response;
}

/// The strength at which the response is 1.
double full_strength(const std::vector<ResponsePoint>& response) {
  std::vector<double> strengths = {0}, means = {0};
  for (const auto& point : response) {
    strengths.push_back(point.strength);
    means.push_back(point.mean);
  }
  return inverse(strengths, isotonic(means), 1);
}

/// The response turned round: which strength shows the share p, up to where more strength shows no more.
std::vector<DialPoint> invert(const std::vector<ResponsePoint>& response, double sign) {
  std::vector<double> strengths = {0}, means = {0};
  for (const auto& point : response) {
    strengths.push_back(point.strength);
    means.push_back(point.mean);
  }
  const auto peak = static_cast<std::size_t>(std::max_element(means.begin(), means.end()) - means.begin());
  strengths.resize(peak + 1);
  means.resize(peak + 1);
  means = isotonic(means);
  std::vector<DialPoint> points = {{0, 0}};
  const double end = std::min(means.back(), kFurthestPosition);
  for (int i = 1; i * kPositionStep <= end; ++i) {
    const double position = std::round(i * kPositionStep * 100) / 100;
    points.push_back({sign * position, sign * inverse(strengths, means, position)});
  }
  return points;
}

std::string reason(const std::vector<ResponsePoint>& response, const std::vector<DialPoint>& points,
                   double full) {
  const bool weakens = points.front().position > points.back().position;
  const std::string reached =
      full < 1 ? fmt::format(
                     "position {} is set to {:.0f} % of what the words {}, since more would take too "
                     "much strength; ",
                     weakens ? -1 : 1, 100 * full, weakens ? "leave out" : "show")
               : "";
  if (std::abs(points.back().position) + 1e-9 >= kFurthestPosition)
    return reached + "the furthest that was tried";
  const auto peak = std::max_element(response.begin(), response.end(),
                                     [](const auto& a, const auto& b) { return a.mean < b.mean; });
  return fmt::format("{}{} {:.0f} % at guidance strength {:.3g}, and more strength shows no more", reached,
                     weakens ? "weakening takes away" : "the style shows", 100 * peak->mean, peak->strength);
}

}  // namespace

Calibration calibrate(const Pipeline& pipeline, const CalibrationOptions& options) {
  Fitter fitter(pipeline, options);
  const auto scenes = find_scenes(fitter, options);
  const std::vector<double> strengths(std::begin(kStrengths), std::end(kStrengths));
  Calibration result;
  Dial& dial = result.dial;
  dial.style = options.settings.style;
  dial.model = pipeline.info().name;
  dial.fingerprint = pipeline.info().fingerprint;
  dial.guidance_scale = options.settings.guidance_scale;
  dial.style_start = find_start(fitter, options, scenes, false);
  dial.weaken_start = find_start(fitter, options, scenes, true);
  const auto stronger = respond(fitter, options, scenes, dial.style_start, strengths, false);
  const auto weaker = respond(fitter, options, scenes, dial.weaken_start, strengths, true);
  const double full = reach(stronger), none = reach(weaker);
  const auto strengthen = relative_to(stronger, full), weaken = relative_to(weaker, none);
  const MeterCurve curve = meter_curve(fitter, options, scenes, dial.style_start, full_strength(strengthen));
  result.strengthen = corrected(strengthen, curve, false);
  result.weaken = corrected(weaken, curve, true);
  dial.strengthen = invert(result.strengthen, 1);
  dial.weaken = invert(result.weaken, -1);
  dial.high_reason = reason(result.strengthen, dial.strengthen, full);
  dial.low_reason = reason(result.weaken, dial.weaken, none);
  result.pictures = fitter.pictures;
  result.used = static_cast<int>(scenes.size());
  return result;
}

}  // namespace latentdial
