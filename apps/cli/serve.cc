#include "serve.h"

#include <fmt/format.h>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "commands.h"
#include "interrupt.h"
#include "latentdial/error.h"
#include "latentdial/upscaler.h"
#include "options.h"
#include "output.h"

namespace latentdial::cli {
namespace {

struct ServeCommand {
  server::ServeOptions options;
  std::string api_key, api_key_file;
  std::vector<std::string> upscalers;
  ModelOptions engine;
  OutputOptions output;

  void run() {
    if (!api_key.empty() || !api_key_file.empty()) server::keep_memory_private();
    options.keys = server::Keys(api_key, api_key_file);
    options.log = [](const std::string& line) { print_line(stderr, "latentdial: " + line); };
    if (output.verbose) options.news = options.log;
    server::validate(options);
    load_upscalers();
    Pipeline pipeline = load_pipeline(engine, output);
    const auto stop = [] {
      poll_interrupts();
      return interrupt_token().stop_requested();
    };
    server::serve(std::move(pipeline), engine, options, stop, [this](const std::string& address) {
      if (output.quiet) return;
      print_line(stdout, "listening on " + address);
      std::fflush(stdout);
    });
  }

 private:
  /// Clients name them by their files' stems, so no two may have the same.
  void load_upscalers() {
    for (const std::string& file : upscalers) {
      auto upscaler = std::make_shared<const Upscaler>(
          Upscaler::load({.file = file, .dtype = engine.dtype, .threads = engine.threads}));
      for (const auto& known : options.upscalers)
        if (known->name() == upscaler->name())
          throw invalid_input("upscaler", fmt::format("two files are called {}; rename one", known->name()));
      options.upscalers.push_back(std::move(upscaler));
    }
  }
};

}  // namespace

void add_serve(CLI::App& app, Run& run) {
  auto* command =
      app.add_subcommand("serve", "The page with the slider, and the web APIs that other programs speak");
  auto c = std::make_shared<ServeCommand>();
  add_text(*command, "--host", c->options.host,
           "Address to listen on (default: 127.0.0.1, this machine only)");
  command->add_option("--port", c->options.port, "Port, 0 to 65535; 0 takes a free one (default: 7860)");
  add_text(*command, "--api-key", c->api_key,
           "Key that every request must carry; needed for any other --host, with at least 16 characters. ps "
           "shows it to every account of this machine, so use --api-key-file or LATENTDIAL_API_KEY")
      ->envname("LATENTDIAL_API_KEY");
  add_text(*command, "--api-key-file", c->api_key_file,
           "File that you alone may read, with a key a line; those who use different keys are different "
           "clients, of which none sees another's pictures");
  command
      ->add_option("--jobs", c->options.queue.at_once,
                   "Jobs of different clients that run at the same time, 1 to 8 (default: 1)")
      ->check(CLI::Range(1, 8));
  command
      ->add_option("--queue", c->options.queue.waiting,
                   "Jobs that may wait for their turn, 1 to 1024 (default: 32)")
      ->check(CLI::Range(1, 1024));
  command
      ->add_option(
          "--per-client", c->options.queue.per_client,
          "Of them, and of those that run, how many may be one client's, 1 to 1024 (default: 4); this "
          "machine's own programs are not bounded")
      ->check(CLI::Range(1, 1024));
  command->add_flag("--behind-proxy", c->options.behind_proxy,
                    "Tell clients apart by the last address in X-Forwarded-For, which a reverse proxy sets");
  command
      ->add_option_function<std::vector<std::string>>(
          "--dial", [c](const std::vector<std::string>& files) { c->engine.dials = files; },
          "Dial file that latentdial calibrate wrote, for all requests of its style; give it again for more")
      ->type_name("FILE")
      ->allow_extra_args(false);
  command
      ->add_option_function<std::vector<std::string>>(
          "--upscaler", [c](const std::vector<std::string>& files) { c->upscalers = files; },
          "Network that enlarges pictures, for A1111's extras and for second passes, as upscale --with takes "
          "it; "
          "give it again for more")
      ->type_name("FILE")
      ->allow_extra_args(false);
  add_text(*command, "--models", c->options.models,
           "Folder of further models that requests may name: diffusers folders and single files, and folders "
           "of them; each is loaded when it is needed");
  add_text(
      *command, "--vae-dir", c->options.vae_dir,
      "Folder of VAEs that requests may name in place of a model's own: files and diffusers folders, and "
      "folders of them");
  command
      ->add_option_function<double>(
          "--max-memory",
          [c](const double& mib) { c->options.max_memory = static_cast<std::uint64_t>(mib * (1 << 20)); },
          "MiB of models that are loaded at a time; those that were used the longest ago go first (default: "
          "half of the memory that this process may use)")
      ->check(CLI::Range(1e-3, 1e9))
      ->type_name("N");
  add_engine_options(*command, c->engine);
  add_output_options(*command, c->output);
  command->footer(
      "Open the address that it prints. Stopped by Ctrl-C.\n\n"
      "  /                       the page\n"
      "  /v1/dial, /v1/jobs/ID   our own API: sweeps, progress, cancel\n"
      "  /sdapi/v1/…             as AUTOMATIC1111's web UI, with style, dial and method\n"
      "  /v1/images/…            as OpenAI's images API, with the same\n\n"
      "Examples:\n"
      "  latentdial serve\n"
      "  latentdial serve -m path/to/stable-diffusion-v1-4 --port 8080 --dial pencil.dial.json\n"
      "  (umask 077; openssl rand -hex 16 > keys); latentdial serve --host 0.0.0.0 --api-key-file keys\n");
  command->callback([c, &run] { run = [c] { c->run(); }; });
}

}  // namespace latentdial::cli
