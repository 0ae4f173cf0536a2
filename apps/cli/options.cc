#include "options.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <random>
#include <set>
#include <string_view>
#include <type_traits>

#include "latentdial/error.h"
#include "latentdial/parameters.h"
#include "latentdial/sweep.h"
#include "latentdial/text.h"
#include "output.h"

namespace latentdial::cli {
namespace {

constexpr int kLargestSide = 8192;
constexpr const char* kSizeFlag = "--size";  // Of width and height, which have none of their own.

/// The long name in "-p,--prompt".
std::string long_name(const std::string& flags) {
  const auto comma = flags.rfind(',');
  return comma == std::string::npos ? flags : flags.substr(comma + 1);
}

bool is_seed(const Option& option) {
  return std::string_view(option.name) == "seed";
}

std::uint64_t random_seed() {
  return std::random_device()();
}

template <class T>
void read_option(const Option& option, const std::string& text, T& value) {
  if (is_seed(option) && text == "-1") {
    value = static_cast<T>(random_seed());
    return;
  }
  if (read_number(text, value) && std::isfinite(static_cast<double>(value))) return;
  throw invalid_input(
      option.name,
      fmt::format("\"{}\" is not a {}number from {} to {}{}", text, std::is_integral_v<T> ? "whole " : "",
                  limit<T>(option.min), limit<T>(option.max), is_seed(option) ? ", or -1 for any" : ""));
}

/// An empty text where a file or a model's part is meant, as "$UNSET" of a script gives it, counts as not
/// given.
void say_empty(const CLI::App& command, const Option& option) {
  const std::string_view name = option.name;
  const bool is_file = std::ranges::find(kOfAModel, name) != std::end(kOfAModel) ||
                       std::ranges::find(input_files(), name, &InputFile::name) != input_files().end();
  const CLI::Option* quiet = command.get_option_no_throw("--quiet");
  if (!is_file || (quiet != nullptr && quiet->count() > 0)) return;
  print_line(stderr, fmt::format("notice: {} is empty and counts as not given", long_name(option.flags)));
}

/// A setting's flag, before any command has it; "" for none.
std::string declared_flag(std::string_view field) {
  std::string flag;
  const auto find = [&](const Option& option, const auto&) {
    if (field == option.name) flag = *option.flags == '\0' ? kSizeFlag : long_name(option.flags);
  };
  const Settings settings;
  const ModelOptions engine;
  visit_settings(settings, find);
  visit_model_options(engine, find);
  return flag;
}

std::string help_of(const Option& option) {
  return with_names(option.help, declared_flag) + (is_seed(option) ? " (-1: a random one)" : "");
}

/// Adds one declared option to a command.
struct AddOption {
  CLI::App& command;
  const std::set<std::string>& without;

  template <class T>
  void operator()(const Option& option, T& value) const {
    const std::string flags = option.flags;
    if (flags.empty() || without.contains(option.name)) return;
    using Value = setting_value_t<T>;
    if constexpr (std::is_same_v<T, bool>) {
      command.add_flag(flags, value, help_of(option));
    } else if constexpr (std::is_same_v<T, std::string>) {
      const auto read = [this_command = &command, &value, option](const std::string& text) {
        if (text.empty()) say_empty(*this_command, option);
        value = text;
      };
      command.add_option_function<std::string>(flags, read, help_of(option))->type_name("TEXT");
    } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
      command
          .add_option_function<std::vector<std::string>>(
              flags,
              [this_command = &command, &value, option](const std::vector<std::string>& list) {
                value = list;
                if (std::erase(value, "") > 0) say_empty(*this_command, option);
              },
              help_of(option))
          ->type_name("TEXT")
          ->allow_extra_args(false);
    } else {
      const auto read = [&value, option](const std::string& text) {
        Value number{};
        read_option(option, text, number);
        value = number;
      };
      command.add_option_function<std::string>(flags, read, help_of(option))->type_name("N");
    }
  }
};

void read_size(const std::string& text, Settings& settings) {
  const auto x = text.find('x');
  int width = 0, height = 0;
  const bool read = x != std::string::npos && read_number(text.substr(0, x), width) &&
                    read_number(text.substr(x + 1), height);
  if (!read || width < 8 || height < 8 || width > kLargestSide || height > kLargestSide || width % 8 != 0 ||
      height % 8 != 0) {
    throw invalid_input(
        "size",
        fmt::format("\"{}\" is not a picture size; use WIDTHxHEIGHT, both multiples of 8 from 8 to {}, "
                    "as in 512x512",
                    text, kLargestSide));
  }
  settings.width = width;
  settings.height = height;
}

}  // namespace

void require_prompt(const CLI::App& command, const Settings& settings) {
  if (command.count("--prompt") > 0 || !settings.prompt.empty() || settings.invert ||
      !settings.restore.empty() || !settings.reference.empty() || command.get_name() == "vary")
    return;
  throw invalid_input("prompt",
                      "no prompt is given; say what the picture shows, as in \"a dog in the meadow\"");
}

CLI::Option* add_text(CLI::App& command, const std::string& flags, std::string& value,
                      const std::string& help) {
  return command
      .add_option_function<std::string>(
          flags, [&value](const std::string& text) { value = text; }, help)
      ->type_name("TEXT");
}

void add_settings(CLI::App& command, Settings& settings, const std::set<std::string>& without) {
  visit_settings(settings, AddOption{command, without});
  command
      .add_option_function<std::string>(
          kSizeFlag, [&settings](const std::string& text) { read_size(text, settings); },
          "Picture size in pixels, multiples of 8, as in 512x512 (default: the model's own, in a start "
          "image's shape)")
      ->type_name("WxH");
}

void add_engine_options(CLI::App& command, ModelOptions& options) {
  visit_model_options(options, AddOption{command, {}});
}

std::string flag_of(const CLI::App& command, std::string_view field) {
  std::string flag = declared_flag(field);
  if (flag.empty()) flag = fmt::format("--{}", field);
  std::replace(flag.begin() + 2, flag.end(), '_', '-');
  // What a command writes to is in the API a folder or a path.
  if (field == "folder" || field == "path") flag = "--out";
  // The one picture that this command takes.
  if (field == "reference" && command.get_name() == "vary") flag = "--image";
  return command.get_option_no_throw(flag) == nullptr ? "" : flag;
}

std::vector<double> read_range(const std::string& field, const std::string& text, double min, double max) {
  std::vector<double> values;
  try {
    values = parse_range(text);
  } catch (const Error& error) {
    throw error.about(field);
  }
  for (const double value : values) {
    if (value >= min && value <= max) continue;
    throw invalid_input(field, fmt::format("{} is out of range, use {} to {}", value, min, max));
  }
  return values;
}

}  // namespace latentdial::cli
