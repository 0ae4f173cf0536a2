#include "explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "interrupt.h"
#include "latentdial/explanation.h"
#include "latentdial/files.h"
#include "latentdial/parameters.h"
#include "latentdial/strip.h"

namespace latentdial::cli {
namespace {

using nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr int kColours = 6;
constexpr int kPanels = 5;
constexpr int kLeastPanel = 160;

/// The strip's frames and what was found about them.
struct Explanation {
  std::vector<Image> frames;
  std::vector<Reading> readings;
  std::size_t none = 0, most = 0;  ///< The frames nearest to and furthest from position 0.
  std::vector<PaletteColour> before, after;
};

Explanation look(const Pipeline& pipeline, const Strip& strip, const fs::path& folder) {
  Explanation found;
  for (std::size_t i = 0; i < strip.frames.size(); ++i) {
    found.frames.push_back(read_image(folder / frame_name(i)));
    const auto distance = [&](std::size_t k) { return std::abs(strip.frames[k].position); };
    if (distance(i) < distance(found.none)) found.none = i;
    if (distance(i) > distance(found.most)) found.most = i;
  }
  const Settings& first = strip.frames.front();
  Observer observer;
  observer.stop = interrupt_token();
  observer.on_step = [](const StepProgress&) { poll_interrupts(); };
  found.readings = pipeline.measure(
      found.frames, {.style = first.style, .prompt = first.prompt, .evaluations = 16, .seed = 0}, observer);
  found.before = palette_of(found.frames[found.none], kColours);
  found.after = palette_of(found.frames[found.most], kColours);
  return found;
}

/// One picture under another, on white.
Image stack(const Image& above, const Image& below) {
  Image page{.width = std::max(above.width, below.width), .height = above.height + below.height, .rgb = {}};
  page.rgb.assign(3 * static_cast<std::size_t>(page.width) * static_cast<std::size_t>(page.height), 255);
  auto to = page.rgb.begin();
  for (const Image* part : {&above, &below}) {
    const auto row = static_cast<std::ptrdiff_t>(3 * part->width);
    for (auto from = part->rgb.begin(); from != part->rgb.end(); from += row, to += 3 * page.width)
      std::copy_n(from, row, to);
  }
  return page;
}

Image draw(const Strip& strip, const Explanation& found) {
  std::vector<StripFrame> frames;
  std::vector<std::pair<double, double>> response;
  for (std::size_t i = 0; i < found.frames.size(); ++i) {
    auto labels = strip.labels[i];
    labels.push_back(found.readings[i].tells()
                         ? fmt::format("meter {:.0f} %", 100 * found.readings[i].strength)
                         : "meter cannot tell");
    frames.push_back({found.frames[i], labels});
    response.emplace_back(strip.frames[i].position, found.readings[i].strength);
  }
  const Image row = draw_strip(strip.title, frames);
  const int side = std::max(kLeastPanel, row.width / kPanels - 10);
  const Image &none = found.frames[found.none], &most = found.frames[found.most];
  const Image large_none = resize_to_fill(none, side, side), large_most = resize_to_fill(most, side, side);
  const auto name = [&](std::size_t i) { return strip.labels[i].front(); };
  const Image panels = draw_strip(
      "", {{draw_response(response, side, side), {"what the meter reads", "dashed: a straight dial"}},
           {large_none, {name(found.none)}},
           {draw_change(large_none, large_most), {"where it changed", "red: most"}},
           {large_most, {name(found.most)}},
           {draw_palettes(found.before, found.after, side, side),
            {"its colours", fmt::format("above {}, below {}", name(found.none), name(found.most))}}});
  return stack(row, panels);
}

ordered_json to_json(const std::vector<PaletteColour>& palette) {
  auto list = ordered_json::array();
  for (const auto& colour : palette) {
    list.push_back(
        {{"colour", fmt::format("#{:02x}{:02x}{:02x}", colour.rgb[0], colour.rgb[1], colour.rgb[2])},
         {"share", colour.share}});
  }
  return list;
}

ordered_json describe(const Strip& strip, const Explanation& found) {
  ordered_json object = {{"prompt", strip.frames.front().prompt}, {"style", strip.frames.front().style}};
  for (std::size_t i = 0; i < found.frames.size(); ++i) {
    object["frames"].push_back({{"position", strip.frames[i].position},
                                {"strength", found.readings[i].strength},
                                {"standard_error", found.readings[i].standard_error},
                                {"change", mean_change(found.frames[found.none], found.frames[i])}});
  }
  object["palette_before"] = to_json(found.before);
  object["palette_after"] = to_json(found.after);
  return object;
}

}  // namespace

void explain_strip(const Pipeline& pipeline, const Strip& strip, const fs::path& folder,
                   const OutputOptions& output) {
  const Explanation found = look(pipeline, strip, folder);
  write_png(folder / "explain.png", draw(strip, found), read_image_parameters(folder / frame_name(0)));
  write_file(folder / "explain.json",
             describe(strip, found).dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n");
  report_path(output, "explanation", (folder / "explain.png").string());
}

}  // namespace latentdial::cli
