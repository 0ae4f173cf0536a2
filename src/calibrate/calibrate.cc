#include "latentdial/calibrate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <optional>
#include <span>

#include "calibrate/content_budget.h"
#include "calibrate/fit_colours.h"
#include "dial/colour_map.h"
#include "text/require.h"

namespace latentdial {

using namespace detail;
namespace {

// The first by which the style comes through in full keeps most of the scene (docs/ruler.md).
const EditRecipe kRecipes[] = {
    kGentleEdit, {.start = 0.6, .passes = 6, .guidance = 1.7}, {.start = 0.2, .passes = 2, .guidance = 1}};
// Of a picture whose colours and outlines are in the style already; the map is to come.
const EditRecipe kColoursFirst = {.start = 0.7, .passes = 2, .guidance = 0.57};
// Of such an edit, how much may be no matter of colours and outlines (docs/ruler.md, "Outlines").
constexpr double kMostMadeUp = 0.4;
// The edit keeps a scene that the words alone would have laid out otherwise, so the meter reads it a little
// lower than a picture made from them: from here on it shows all that they do.
constexpr double kFullEnough = 0.85;
// Strengths at which pictures are made. 1 is that of the styled prompt itself; more reaches past it.
constexpr double kStrengths[] = {1, 1.3, 1.6, 2};
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

// Colours that the style hardly changes (0 to 255) say nothing of how much an edit shows of it.
constexpr double kLeastColourChange = 4;
constexpr double kLeastShare = 0.5;

/// A picture and how it reads: how much of the style it shows, how much of what the prompt says, its mean
/// colour.
struct ReadPicture {
  double style = 0, content = 0;
  Colour colour = {};
  Image image = {};
};

double product(const Colour& from, const Colour& a, const Colour& b) {
  double sum = 0;
  for (std::size_t c = 0; c < from.size(); ++c) sum += (a[c] - from[c]) * (b[c] - from[c]);
  return sum;
}

/// A prompt and a seed, and how the plain and the styled picture of them read.
struct Scene {
  std::string prompt;
  std::uint64_t seed;
  ReadPicture plain, styled;

  /// Where a side of the dial starts, and where it leads.
  [[nodiscard]] const ReadPicture& from(bool weaken) const { return weaken ? styled : plain; }
  [[nodiscard]] const ReadPicture& to(bool weaken) const { return weaken ? plain : styled; }
};

std::string styled_prompt(const CalibrationOptions& options, const std::string& prompt) {
  return prompt + ", " + options.settings.style;
}

/// A dial without any position yet.
Dial new_dial(const ModelInfo& model, const CalibrationOptions& options) {
  Dial dial;
  dial.style = options.settings.style;
  dial.model = model.name;
  dial.fingerprint = model.fingerprint;
  dial.guidance_scale = options.settings.guidance_scale.value();
  return dial;
}

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

  /// The meter's reading of each picture; those of one content together. The content is looked for beside the
  /// style's words, or where the pictures should not show the style by itself.
  [[nodiscard]] std::vector<ReadPicture> read(const std::vector<Image>& images,
                                              const std::vector<std::string>& contents, bool styled) {
    std::vector<ReadPicture> shown(images.size());
    std::map<std::string, std::vector<std::size_t>> by_content;
    for (std::size_t i = 0; i < images.size(); ++i) by_content[contents[i]].push_back(i);
    for (const auto& [content, places] : by_content) {
      std::vector<Image> group;
      for (const auto i : places) group.push_back(images[i]);
      const auto style = measure(group, content, options_.settings.style);
      const auto words = measure(group, styled ? options_.settings.style : "", content);
      for (std::size_t k = 0; k < places.size(); ++k)
        shown[places[k]] = {style[k], words[k], mean_colour(std::span(&group[k], 1)), group[k]};
    }
    return shown;
  }

  /// A scene edited at a strength, as a dial whose position is the strength; a negative one turns back the
  /// prompt that names the style.
  [[nodiscard]] Request edited(const Scene& scene, const EditRecipe& recipe, double strength) const {
    Request request(options_.settings);
    Settings& s = request.settings;
    s.prompt = strength < 0 ? styled_prompt(options_, scene.prompt) : scene.prompt;
    s.seed = scene.seed;
    s.method = "calibrated";
    s.position = strength;
    Dial dial = new_dial(pipeline_.info(), options_);
    DialSide& side = strength < 0 ? dial.weaken : dial.strengthen;
    side = {recipe, {{0, 0}, {strength, strength}}, strength, ""};
    request.dial = std::make_shared<const Dial>(std::move(dial));
    return request;
  }

  int pictures = 0;

 private:
  /// How much of `feature` the pictures show besides `prompt`.
  [[nodiscard]] std::vector<double> measure(const std::vector<Image>& images, const std::string& prompt,
                                            const std::string& feature) const {
    const auto readings = pipeline_.measure(
        images, {.style = feature, .prompt = prompt, .evaluations = options_.evaluations, .seed = 0},
        {.on_step = options_.on_step, .stop = options_.stop});
    std::vector<double> strengths;
    for (const auto& reading : readings) strengths.push_back(reading.strength);
    return strengths;
  }

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

/// The prompts and seeds on which the style shows.
std::vector<Scene> find_scenes(Fitter& fitter, const CalibrationOptions& options) {
  std::vector<Scene> scenes;
  std::vector<Request> plain, styled;
  std::vector<std::string> contents;
  for (const auto& prompt : options.prompts) {
    for (const auto seed : options.seeds) {
      scenes.push_back({prompt, seed, {}, {}});
      plain.emplace_back(plain_settings(options, prompt, seed));
      styled.emplace_back(plain_settings(options, styled_prompt(options, prompt), seed));
      contents.push_back(prompt);
    }
  }
  const auto without = fitter.read(fitter.make(plain), contents, false);
  const auto with = fitter.read(fitter.make(styled), contents, true);
  for (std::size_t i = 0; i < scenes.size(); ++i) {
    scenes[i].plain = without[i];
    scenes[i].styled = with[i];
  }
  std::erase_if(scenes, [](const Scene& scene) {
    return std::abs(scene.plain.style) > kMostPlain || scene.styled.style < kLeastStyled ||
           scene.styled.style > kMostStyled;
  });
  const auto tried = options.prompts.size() * options.seeds.size();
  require(static_cast<double>(scenes.size()) >= kLeastScenes * static_cast<double>(tried), "style",
          "\"{}\" shows on {} of {} pictures only, so there is nothing to calibrate; name a style that this "
          "model knows",
          options.settings.style, scenes.size(), tried);
  return scenes;
}

/// How the pictures at one strength read, and the pictures.
struct Response : ResponsePoint {
  std::vector<Image> images;
};

/// One side of a dial, and how pictures are made there.
struct Side {
  bool weaken;
  EditRecipe recipe = {};
  std::vector<Response> response = {};

  /// The reading that counts as full: what the words' own strength shows, where that is in full. An edit may
  /// go further than a picture made from the words; the meter and the colours, which err apart, each say by
  /// how much, and their mean is taken.
  [[nodiscard]] double full() const {
    const ResponsePoint& own = response.front();
    if (own.mean < kFullEnough) return 1;
    return own.mean * (own.share + std::clamp(1 / own.mean, kLeastShare, 1.0)) / 2;
  }
};

/// How the pictures read at `strength`: the share of the way from plain to styled, or where the style is
/// weakened from styled to plain; and what they keep of the content, as a share of what the other end shows.
Response respond(Fitter& fitter, const std::vector<Scene>& scenes, const Side& side, double strength) {
  std::vector<Request> list;
  std::vector<std::string> contents;
  for (const Scene& scene : scenes) {
    list.push_back(fitter.edited(scene, side.recipe, side.weaken ? -strength : strength));
    contents.push_back(scene.prompt);
  }
  auto shown = fitter.read(fitter.make(list), contents, !side.weaken);
  const auto n = static_cast<double>(scenes.size());
  double sum = 0, squares = 0, content = 0, along = 0, whole = 0;
  for (std::size_t i = 0; i < scenes.size(); ++i) {
    const ReadPicture &from = scenes[i].from(side.weaken), &to = scenes[i].to(side.weaken);
    const double share = (shown[i].style - from.style) / (to.style - from.style);
    sum += share;
    squares += share * share;
    content += shown[i].content / to.content;
    along += product(from.colour, shown[i].colour, to.colour);
    whole += product(from.colour, shown[i].colour, shown[i].colour);
  }
  const double mean = sum / n;
  const bool tells = whole > n * kLeastColourChange * kLeastColourChange;
  Response response{{strength, mean, std::sqrt(std::max(0.0, squares / n - mean * mean)), content / n,
                     tells ? std::clamp(along / whole, kLeastShare, 1.0) : 1.0},
                    {}};
  for (auto& picture : shown) response.images.push_back(std::move(picture.image));
  return response;
}

/// The pictures of one side's points.
std::vector<DialledScene> dialled(const CalibrationOptions& options, const std::vector<Scene>& scenes,
                                  const Side& side) {
  std::vector<DialledScene> list;
  for (std::size_t i = 0; i < scenes.size(); ++i) {
    std::string from = scenes[i].prompt, to = styled_prompt(options, from);
    if (side.weaken) std::swap(from, to);
    DialledScene scene{from, to, {scenes[i].from(side.weaken).image}};
    for (const Response& response : side.response) scene.points.push_back(response.images[i]);
    list.push_back(std::move(scene));
  }
  return list;
}

/// The first of `kRecipes` by which the style comes through in full, or where it is weakened goes in full; or
/// the one by which most does.
Side find_anchored_recipe(Fitter& fitter, const std::vector<Scene>& scenes, bool weaken) {
  Side best{weaken};
  for (const EditRecipe& recipe : kRecipes) {
    Side side{weaken, recipe};
    side.response.push_back(respond(fitter, scenes, side, kStrengths[0]));
    if (side.response.front().mean >= kFullEnough) return side;
    if (best.response.empty() || side.response.front().mean > best.response.front().mean) best = side;
  }
  return best;
}

/// The same side by pictures whose colours and outlines are brought into the style first, as the edits found
/// so far tell; none where that keeps less of the style, or too little of the picture.
std::optional<Side> colours_first(Fitter& fitter, const std::vector<Scene>& scenes, const Side& edited) {
  std::vector<Image> from, to;
  for (const Scene& scene : scenes) {
    from.push_back(scene.from(edited.weaken).image);
    to.push_back(scene.to(edited.weaken).image);
  }
  const Response& known = edited.response.front();
  Side side{edited.weaken, kColoursFirst};
  side.recipe.colours = numbers_of(fit_colours(from, known.images, to));
  side.response.push_back(respond(fitter, scenes, side, kStrengths[0]));
  const Response& response = side.response.front();
  const bool shows = response.mean >= std::min(kFullEnough, known.mean);
  return shows && made_up(from, response.images) <= kMostMadeUp ? std::optional(side) : std::nullopt;
}

/// How the side's pictures are to be made. The gentle recipe moves nothing; where another one is needed,
/// colours and outlines come first if the style is a matter of these.
Side find_recipe(Fitter& fitter, const std::vector<Scene>& scenes, bool weaken) {
  const Side anchored = find_anchored_recipe(fitter, scenes, weaken);
  if (anchored.recipe == kGentleEdit) return anchored;
  return colours_first(fitter, scenes, anchored).value_or(anchored);
}

/// Adds strengths for as long as more of the style shows and the content stays; says why it stopped.
std::string extend(Fitter& fitter, const std::vector<Scene>& scenes, Side& side) {
  for (std::size_t k = 1; k < std::size(kStrengths); ++k) {
    const ResponsePoint last = side.response.back();
    Response point = respond(fitter, scenes, side, kStrengths[k]);
    const bool keeps = point.content >= kLeastContent;
    const ResponsePoint beyond = point;
    if (!keeps) point = respond(fitter, scenes, side, (last.strength + kStrengths[k]) / 2);
    const bool more = point.mean >= last.mean + kLeastGain;
    if (more && point.content >= kLeastContent) side.response.push_back(std::move(point));
    if (!keeps)
      return fmt::format(
          "beyond it the picture keeps less than {:.0f} % of what the prompt says ({:.0f} % at strength {})",
          100 * kLeastContent, 100 * beyond.content, beyond.strength);
    if (!more)
      return fmt::format("{} {:.0f} % at strength {}, and more strength {} no more",
                         side.weaken ? "weakening takes away" : "the style shows",
                         100 * last.mean / side.full(), last.strength, side.weaken ? "takes away" : "shows");
  }
  return "nothing further was tried";
}

/// Ends the range where the scene would be lost. `budget` 0: nowhere; and a picture's own colours and
/// outlines cannot show another scene.
void hold_to_budget(const Pipeline& pipeline, const CalibrationOptions& options,
                    const std::vector<Scene>& scenes, const Side& side, double budget, DialSide& result) {
  if (budget == 0 || !side.recipe.colours.empty() || result.points.size() < 2) return;
  std::vector<double> positions;
  for (const DialPoint& point : result.points) positions.push_back(point.position);
  const double end =
      end_within_budget(pipeline, positions, dialled(options, scenes, side), budget, options.stop);
  if (end == result.end) return;
  result.end = std::round(end * 100) / 100;
  result.reason = "beyond it the model sees another scene";
}

/// The dial's side. At 1 stands as much of the edit as shows what the words do, and other strengths where the
/// meter reads them beside it; or where that strength does not show the style in full, each where the meter
/// reads it.
DialSide fit_side(Fitter& fitter, const std::vector<Scene>& scenes, Side& side) {
  side = find_recipe(fitter, scenes, side.weaken);
  DialSide result{side.recipe, {{0, 0}}, 0, ""};
  result.reason = extend(fitter, scenes, side);
  const double sign = side.weaken ? -1 : 1;
  const double full = side.full();
  const auto position_of = [&](const Response& at) { return std::round(at.mean / full * 1000) / 1000; };
  std::erase_if(side.response, [&](const Response& at) { return position_of(at) <= 0; });
  for (const auto& at : side.response) result.points.push_back({sign * position_of(at), sign * at.strength});
  result.end = result.points.back().position;
  return result;
}

/// How far a scene may move.
double budget_of(const Pipeline& pipeline, const CalibrationOptions& options,
                 const std::vector<Scene>& scenes) {
  if (options.content_budget == 0) return 0;
  std::vector<DescribedPicture> plain;
  for (const Scene& scene : scenes) plain.push_back({scene.plain.image, scene.prompt});
  return options.content_budget * distance_of_seeds(pipeline, plain, options.stop);
}

}  // namespace

int most_pictures(const CalibrationOptions& options) {
  constexpr auto kStages =
      std::size(kRecipes) + 1 + std::size(kStrengths);  // Of a side: one more is half-way.
  const auto scenes = options.prompts.size() * options.seeds.size();
  return static_cast<int>(scenes * (2 + 2 * kStages));
}

Calibration calibrate(const Pipeline& pipeline, const CalibrationOptions& given) {
  validate(given);
  CalibrationOptions options = given;
  options.settings.guidance_scale = given.settings.guidance_scale.value_or(pipeline.info().guidance_scale);
  Fitter fitter(pipeline, options);
  const auto scenes = find_scenes(fitter, options);
  Calibration result;
  Dial& dial = result.dial = new_dial(pipeline.info(), options);
  const double budget = budget_of(pipeline, options, scenes);
  const auto fit = [&](bool weaken, std::vector<ResponsePoint>& response) {
    Side side{weaken};
    DialSide fitted = fit_side(fitter, scenes, side);
    hold_to_budget(pipeline, options, scenes, side, budget, fitted);
    response.assign(side.response.begin(), side.response.end());
    return fitted;
  };
  dial.strengthen = fit(false, result.strengthen);
  dial.weaken = fit(true, result.weaken);
  result.pictures = fitter.pictures;
  result.used = static_cast<int>(scenes.size());
  return result;
}

}  // namespace latentdial
