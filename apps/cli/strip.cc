#include "strip.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "interrupt.h"
#include "latentdial/parameters.h"
#include "latentdial/strip.h"
#include "latentdial/sweep.h"
#include "latentdial/text.h"
#include "progress.h"

namespace latentdial::cli {
namespace {

constexpr std::size_t kLongestName = 40;

std::string short_name(const std::string& text) {
  std::string name = slug(text).substr(0, kLongestName);
  if (name.ends_with('-')) name.pop_back();
  return name;
}

std::string theta_label(double theta) {
  return fmt::format("θ = {}{:.2f}", theta < 0 ? "−" : "", std::abs(theta));
}

/// The method of a dial's settings.
MethodInfo method_of(const Settings& s) {
  const auto methods = dial_methods();
  const auto named = std::ranges::find(methods, s.method, &MethodInfo::name);
  return named == methods.end() ? methods.front() : *named;
}

double theta_of(const Settings& s) {
  return method_of(s).weakens ? -s.position + 0.0 : s.position;
}

std::string name_of(const std::string& path) {
  return std::filesystem::path(path).filename().string();
}

/// What a strip shows: its prompt, or where it has none the picture that it is made of.
std::string subject(const Settings& s) {
  return s.prompt.empty() ? name_of(s.image.empty() ? s.reference : s.image) : s.prompt;
}

std::string interpolation_title(const Settings& s) {
  for (const auto& [from, to] : {std::pair{s.image, s.to_image}, std::pair{s.reference, s.to_reference}})
    if (!to.empty())
      return fmt::format("{} → {}{}", name_of(from), name_of(to),
                         s.prompt.empty() ? "" : fmt::format(", “{}”", s.prompt));
  if (s.to_prompt.empty()) return fmt::format("“{}”, seed {} → seed {}", s.prompt, s.seed, s.to_seed);
  return fmt::format("“{}” → “{}”", subject(s), s.to_prompt);
}

std::vector<Job> jobs_of(const std::vector<Strip>& strips) {
  std::vector<Job> jobs;
  for (const Strip& strip : strips) {
    for (std::size_t i = 0; i < strip.frames.size(); ++i) {
      const auto file = std::filesystem::path(strip.folder) / frame_name(i);
      jobs.push_back({strip.frames[i], file.string()});
    }
  }
  return jobs;
}

/// The sheet of one strip from its frames on disk, with the first frame's settings as its text.
Image write_sheet(const Strip& strip, const std::filesystem::path& folder) {
  std::vector<StripFrame> frames;
  for (std::size_t i = 0; i < strip.frames.size(); ++i) {
    frames.push_back({read_image(folder / frame_name(i)), strip.labels[i]});
  }
  Image sheet = draw_strip(strip.title, frames);
  write_png(folder / "strip.png", sheet, read_image_parameters(folder / frame_name(0)));
  return sheet;
}

}  // namespace

std::string frame_name(std::size_t index) {
  return fmt::format("frame-{:03}.png", index);
}

Strip dial_strip(const Settings& settings, const std::vector<double>& positions) {
  Strip strip;
  strip.title = fmt::format("“{}” + “{}”, {}", subject(settings), without_folders(settings).style,
                            method_of(settings).name);
  for (const double position : positions) {
    Settings frame = settings;
    frame.position = position;
    validate(frame);
    strip.frames.push_back(frame);
    strip.labels.push_back({percent(position)});
    // The paper's angle, where it is not the position.
    if (theta_of(frame) != position) strip.labels.back().push_back(theta_label(theta_of(frame)));
  }
  return strip;
}

Strip interpolation_strip(const Settings& settings, const std::vector<double>& thetas) {
  Strip strip;
  strip.title = interpolation_title(settings);
  for (const double theta : thetas) {
    Settings frame = settings;
    frame.theta = theta;
    validate(frame);
    strip.frames.push_back(frame);
    strip.labels.push_back({theta_label(theta)});
  }
  return strip;
}

std::vector<Image> make_strips(const Pipeline& pipeline, const std::vector<Strip>& strips,
                               const std::filesystem::path& folder, const OutputOptions& output) {
  std::vector<JobResult> results;
  {
    ProgressLine line(output.quiet);
    const auto show = [&](const SweepProgress& progress) {
      line.show(progress);
      poll_interrupts();
    };
    results = run_jobs(pipeline, jobs_of(strips),
                       {.folder = folder, .resume = true, .on_progress = show, .stop = interrupt_token()});
  }
  for (const auto& result : results) report_picture(output, (folder / result.file).string(), result);
  std::vector<Image> sheets;
  for (const Strip& strip : strips) {
    sheets.push_back(write_sheet(strip, folder / strip.folder));
    report_path(output, "strip", (folder / strip.folder / "strip.png").string());
  }
  report_profile(output, pipeline);
  return sheets;
}

std::filesystem::path default_folder(const std::string& kind, const std::string& model, const Strip& strip) {
  const auto& first = strip.frames.front();
  std::string name = fmt::format("{}-{}-{}", kind, short_name(model), short_name(subject(first)));
  if (!first.style.empty()) name += "-" + short_name(without_folders(first).style);
  return std::filesystem::path("out") / fmt::format("{}-{}", name, settings_id(strip.frames));
}

}  // namespace latentdial::cli
