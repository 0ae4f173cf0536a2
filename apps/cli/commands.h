#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace latentdial::cli {

/// What the chosen command does once every argument is read.
using Run = std::function<void()>;

/// Each adds its command to the program; when the user chose it, parsing sets `run`.
void add_generate(CLI::App& app, Run& run);
void add_vary(CLI::App& app, Run& run);
void add_inpaint(CLI::App& app, Run& run);
void add_outpaint(CLI::App& app, Run& run);
void add_colorize(CLI::App& app, Run& run);
void add_deblur(CLI::App& app, Run& run);
void add_upscale(CLI::App& app, Run& run);
void add_interpolate(CLI::App& app, Run& run);
void add_dial(CLI::App& app, Run& run);
void add_sweep(CLI::App& app, Run& run);
void add_merge(CLI::App& app, Run& run);
void add_figures(CLI::App& app, Run& run);
void add_calibrate(CLI::App& app, Run& run);
void add_measure(CLI::App& app, Run& run);
void add_serve(CLI::App& app, Run& run);
void add_info(CLI::App& app, Run& run);

}  // namespace latentdial::cli
