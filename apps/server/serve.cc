#include "serve.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/system/system_error.hpp>
#include <chrono>
#include <thread>
#include <utility>

#include "a1111_api.h"
#include "a1111_extras.h"
#include "guard.h"
#include "http_server.h"
#include "latentdial/error.h"
#include "openai_api.h"
#include "openapi.h"
#include "page.h"
#include "v1_api.h"

namespace latentdial::server {
namespace {

using namespace std::chrono_literals;

/// Names that lead to this machine alone. One that only begins like its address may be anybody's.
bool is_loopback(const std::string& host) {
  return host == "127.0.0.1" || host == "localhost" || host == "::1";
}

Site make_site(const Context& context, const Log& log) {
  Site site;
  site.guard = make_guard(context.keys, context.behind_proxy, log);
  site.refuse = refusal_response;
  site.always = security_headers();
  add_page(site.router);
  add_v1_api(site.router, context);
  add_a1111_api(site.router, context);
  add_a1111_extras(site.router, context);
  add_openai_api(site.router, context);
  add_openapi(site.router);
  return site;
}

/// The address that is listened on.
std::string listen(HttpServer& server, const ServeOptions& options) {
  try {
    const int port = server.listen(options.host, options.port);
    const bool is_v6 = options.host.find(':') != std::string::npos;
    return fmt::format("http://{}:{}", is_v6 ? "[" + options.host + "]" : options.host, port);
  } catch (const boost::system::system_error&) {
    throw invalid_input("port", fmt::format("{}:{} cannot be listened on; another program may hold it",
                                            options.host, options.port));
  }
}

/// One model that is given loads as it always did, however little memory there is.
std::uint64_t most_memory(const ServeOptions& options, const ModelInfo& main) {
  return options.max_memory > 0 ? options.max_memory : std::max(allowed_memory() / 2, main.memory);
}

}  // namespace

void validate(const ServeOptions& options) {
  const bool others = !is_loopback(options.host);
  if (others && options.keys.empty())
    throw invalid_input(
        "host",
        fmt::format("{} can be reached by others, so --api-key-file or --api-key is needed", options.host));
  if ((others || options.behind_proxy) && !options.keys.empty() &&
      options.keys.shortest() < Keys::kShortestForOthers)
    throw invalid_input(
        "api_key", fmt::format("a key of {} characters can be guessed; where others reach the server, use at "
                               "least {}, as openssl rand -hex 16 makes them",
                               options.keys.shortest(), Keys::kShortestForOthers));
  if (options.port < 0 || options.port > 65535)
    throw invalid_input("port", fmt::format("{} is not from 0 to 65535", options.port));
}

void serve(Pipeline main, const ModelOptions& model, const ServeOptions& options,
           const std::function<bool()>& stop, const std::function<void(const std::string&)>& on_ready) {
  ModelList models(model, main.info(), options.models, options.log);
  const std::uint64_t most = most_memory(options, main.info());
  LoadedModels loaded(most, options.queue.at_once, models.main(), std::move(main), options.log, options.news);
  JobQueue queue(loaded, options.queue);
  VaeList vaes(options.vae_dir);
  const Context context{models, loaded, queue, options.keys, options.upscalers, vaes, options.behind_proxy};
  HttpServer server(make_site(context, options.log), HttpLimits());
  const std::string address = listen(server, options);
  server.start();
  on_ready(address);
  while (!stop()) std::this_thread::sleep_for(100ms);
  queue.close();
  server.stop();
}

}  // namespace latentdial::server
