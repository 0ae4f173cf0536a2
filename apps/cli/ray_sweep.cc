#include "ray_sweep.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <vector>

#include "interrupt.h"
#include "latentdial/error.h"
#include "latentdial/version.h"

namespace latentdial::cli {
namespace {

/// Its first argument is this program's version. A module that happens to lie in the user's folder is not
/// taken for Ray's or ours.
constexpr const char* kLauncher = R"(
import sys

sys.path = [folder for folder in sys.path if folder]
version = sys.argv.pop(1)


def refuse(what):
    print(f"latentdial: --ray: {what} in {sys.executable}; install latentdial[ray] {version} there, "
          "or name another Python by LATENTDIAL_PYTHON", file=sys.stderr)
    sys.exit(2)


try:
    import latentdial
    from latentdial.ray import main
except ImportError as error:
    refuse(error)
except KeyboardInterrupt:
    print("latentdial: stopped; every finished picture is kept", file=sys.stderr)
    sys.exit(1)
if latentdial.__version__ != version:
    refuse(f"the package is of version {latentdial.__version__}")
sys.exit(main())
)";

/// Adds an engine option by the name that the driver has for it, unless it is at its default.
struct AddEngineOption {
  std::vector<std::string>& arguments;

  void operator()(const Option& option, const std::string& value) const {
    if (!value.empty()) arguments.push_back(fmt::format("--{}={}", option.name, value));
  }
  void operator()(const Option& option, const std::vector<std::string>& values) const {
    for (const std::string& value : values) (*this)(option, value);
  }
  void operator()(const Option& /*threads*/, int cores) const {
    if (cores > 0) arguments.push_back(fmt::format("--cpus={}", cores));
  }
  void operator()(const Option& /*profile*/, bool) const {}
};

std::vector<std::string> command_of(const RaySweep& sweep) {
  const char* given = std::getenv("LATENTDIAL_PYTHON");
  std::vector<std::string> command = {given != nullptr && *given != '\0' ? given : "python3", "-c", kLauncher,
                                      kVersion};
  command.push_back("--out=" + sweep.out);
  command.push_back("--address=" + sweep.address);
  if (sweep.resume) command.emplace_back("--resume");
  if (sweep.allow_paths) command.emplace_back("--allow-paths");
  if (sweep.output.json) command.emplace_back("--json");
  if (sweep.output.quiet) command.emplace_back("--quiet");
  visit_model_options(sweep.engine, AddEngineOption{command});
  command.insert(command.end(), {"--", sweep.plan});
  return command;
}

/// An empty part of PYTHONPATH, as "$PYTHONPATH:/more" leaves it, is the current folder to Python.
void drop_empty_parts(const char* variable) {
  const char* given = std::getenv(variable);
  if (given == nullptr) return;
  std::istringstream parts(given);
  std::string kept;
  for (std::string part; std::getline(parts, part, ':');)
    if (!part.empty()) kept += kept.empty() ? part : ":" + part;
  if (kept.empty())
    unsetenv(variable);
  else
    setenv(variable, kept.c_str(), 1);
}

}  // namespace

void become_ray_driver(const RaySweep& sweep) {
  poll_interrupts();
  if (interrupt_token().stop_requested()) throw Error(ErrorCode::cancelled, "stopped");
  drop_empty_parts("PYTHONPATH");
  std::vector<std::string> command = command_of(sweep);
  std::vector<char*> arguments;
  for (std::string& argument : command) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  ::execvp(arguments.front(), arguments.data());
  throw invalid_input(
      "ray", fmt::format("{} cannot be run: {}; install Python 3 with latentdial[ray], or name a Python that "
                         "has it by LATENTDIAL_PYTHON",
                         command.front(), std::strerror(errno)));
}

}  // namespace latentdial::cli
