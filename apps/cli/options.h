#pragma once

#include <CLI/CLI.hpp>
#include <set>
#include <string>
#include <string_view>

#include "latentdial/settings.h"

namespace latentdial::cli {

/// Settings of a start image's part that is redrawn, or drawn beside it.
inline constexpr const char* kOfAPart[] = {"mask",         "redraw_words", "mask_blur",    "mask_fill",
                                           "mask_update",  "only_masked",  "mask_padding", "extend_left",
                                           "extend_right", "extend_top",   "extend_bottom"};

/// Settings of a second pass.
inline constexpr const char* kOfASecondPass[] = {"hires", "hires_with", "hires_strength", "hires_steps"};

/// Model options that name what is loaded, not how it computes.
inline constexpr std::string_view kOfAModel[] = {"model", "unet", "vae",      "refiner",  "prediction",
                                                 "taesd", "lora", "lora_dir", "embedding"};

/// Adds to a command every setting that has a flag, but those named in `without`. Values are read into
/// `settings`, which must outlive the parsing. A value of the wrong kind throws invalid_input.
void add_settings(CLI::App& command, Settings& settings, const std::set<std::string>& without);

/// Throws invalid_input where a command has no --prompt, and neither restores a picture nor starts from an
/// inverted one, nor draws variations of one. An empty one is one: of nothing in particular.
void require_prompt(const CLI::App& command, const Settings& settings);

/// Adds --model, --dtype and --threads.
void add_engine_options(CLI::App& command, ModelOptions& options);

/// Adds a text option. CLI11's own strings would be cut at quotes and brackets; these are taken as they are.
CLI::Option* add_text(CLI::App& command, const std::string& flags, std::string& value,
                      const std::string& help);

/// How a command says what an Error's field is: "--cfg" of "guidance_scale", "--seeds" of "seeds"; "" where
/// it has no such flag.
[[nodiscard]] std::string flag_of(const CLI::App& command, std::string_view field);

/// One value per picture: a strip's "A:B:N" checked against the setting's range. Throws invalid_input of
/// `field`.
[[nodiscard]] std::vector<double> read_range(const std::string& field, const std::string& text, double min,
                                             double max);

}  // namespace latentdial::cli
