#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "commands.h"
#include "interrupt.h"
#include "latentdial/error.h"
#include "latentdial/text.h"
#include "latentdial/version.h"
#include "lost_mapping.h"
#include "options.h"
#include "thread_waiting.h"

namespace latentdial::cli {
namespace {

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kWrongInput = 2;

void add_commands(CLI::App& app, Run& run) {
  app.set_version_flag("--version", fmt::format("latentdial {}", kVersion));
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  add_generate(app, run);
  add_vary(app, run);
  add_inpaint(app, run);
  add_outpaint(app, run);
  add_colorize(app, run);
  add_deblur(app, run);
  add_upscale(app, run);
  add_dial(app, run);
  add_interpolate(app, run);
  add_sweep(app, run);
  add_merge(app, run);
  add_figures(app, run);
  add_calibrate(app, run);
  add_measure(app, run);
  add_serve(app, run);
  add_info(app, run);
  app.footer(
      "Examples:\n"
      "  latentdial generate -p \"a dog in the meadow\" -o dog.png\n"
      "  latentdial dial -p \"a temple in the jungle\" --style \"Monet style\"\n"
      "  latentdial COMMAND --help      more, by example\n\n"
      "Exit codes: 0 done, 2 the input is wrong (one line says what), 1 anything else.\n");
}

/// The arguments as UTF-8, last first as CLI11 takes them.
std::vector<std::string> read_arguments(int argc, char** argv) {
  std::vector<std::string> arguments;
  bool replaced = false;
  for (int i = argc - 1; i > 0; --i) {
    arguments.push_back(valid_utf8(argv[i]));
    replaced = replaced || arguments.back() != argv[i];
  }
  if (replaced) fmt::print(stderr, "notice: bytes that are not UTF-8 were replaced by U+FFFD\n");
  return arguments;
}

/// CLI11 would only say that a command is missing.
void check_command(const CLI::App& app, const std::vector<std::string>& arguments) {
  if (arguments.empty() || arguments.back().starts_with('-')) return;
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
  if (std::find(names.begin(), names.end(), arguments.back()) != names.end()) return;
  throw invalid_input(
      fmt::format("\"{}\" is not a command; use {}", arguments.back(), fmt::join(names, ", ")));
}

int report(int code, const std::string& message) {
  fmt::print(stderr, "latentdial: {}\n", single_line(message));
  return code;
}

/// "--stpes is not an option of generate; did you mean --steps?" where an option is unknown; else "".
std::string unknown_option(const CLI::App& command, const std::vector<std::string>& arguments) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  for (auto given = arguments.rbegin(); given != arguments.rend(); ++given) {
    const std::string name = given->substr(0, given->find('='));
    if (!name.starts_with("--") || name.size() == 2 || std::ranges::find(names, name) != names.end())
      continue;
    const std::string nearest = nearest_name(name, names);
    return fmt::format("{} is not an option of {}{}", name, command.get_name(),
                       nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest));
  }
  return "";
}

int report_usage(const CLI::App& app, const CLI::ParseError& error,
                 const std::vector<std::string>& arguments) {
  if (error.get_exit_code() == 0) return app.exit(error);
  std::string message = error.what();
  if (const auto end = message.find('\n'); end != std::string::npos) message.resize(end);
  const auto chosen = app.get_subcommands();
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr && !chosen.empty()) {
    const std::string unknown = unknown_option(*chosen.front(), arguments);
    if (!unknown.empty()) message = unknown;
  }
  if (message.ends_with('?')) return report(kWrongInput, message);
  return report(kWrongInput, fmt::format("{}; see latentdial {}--help", message,
                                         chosen.empty() ? "" : chosen.front()->get_name() + " "));
}

int report_error(const CLI::App& app, const Error& error) {
  const auto chosen = app.get_subcommands();
  const std::string line = error.line(
      [&](std::string_view field) { return flag_of(chosen.empty() ? app : *chosen.front(), field); });
  switch (error.code()) {
    case ErrorCode::invalid_input:
    case ErrorCode::io:
      return report(kWrongInput, line);
    case ErrorCode::cancelled:
      return report(kFailed, "stopped; every finished picture is kept");
    case ErrorCode::internal:
      break;
  }
  return report(kFailed, line);
}

int run_program(int argc, char** argv) {
  CLI::App app{"Stable Diffusion with a style-strength dial", "latentdial"};
  Run run;
  add_commands(app, run);
  std::vector<std::string> arguments;
  try {
    arguments = read_arguments(argc, argv);
    check_command(app, arguments);
    app.parse(std::vector(arguments));
    run();
    return kDone;
  } catch (const CLI::ParseError& error) {
    return report_usage(app, error, arguments);
  } catch (const Error& error) {
    return report_error(app, error);
  } catch (const std::bad_alloc&) {
    return report(kFailed, "out of memory; use a smaller --size or --dtype bf16");
  } catch (const std::exception& error) {
    return report(kFailed, error.what());
  }
}

}  // namespace
}  // namespace latentdial::cli

int main(int argc, char** argv) {
  latentdial::cli::keep_thread_waiting_short(argv);
  latentdial::cli::catch_interrupts();
  latentdial::cli::catch_lost_mappings();
  return latentdial::cli::run_program(argc, argv);
}
