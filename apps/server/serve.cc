#include "serve.h"

#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "a1111_api.h"
#include "guard.h"
#include "latentdial/error.h"
#include "listener.h"
#include "openai_api.h"
#include "openapi.h"
#include "page.h"
#include "v1_api.h"

namespace latentdial::server {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kLargestBody = 64u << 20;
constexpr std::size_t kThreadsBesideQueue = 96;  // For those who look, cancel, or keep a connection open.
constexpr int kBacklog = 512;

/// Names that lead to this machine alone. One that only begins like its address may be anybody's.
bool is_loopback(const std::string& host) {
  return host == "127.0.0.1" || host == "localhost" || host == "::1";
}

void set_limits(httplib::Server& server, const QueueLimits& limits) {
  server.set_payload_max_length(kLargestBody);
  server.set_tcp_nodelay(true);
  server.set_keep_alive_timeout(Listener::kIdleSeconds);  // As every answer tells its client.
  server.set_keep_alive_max_count(Listener::kRequestsPerConnection);
  // A waiting client holds a thread, so those of a full queue leave enough for the others.
  const std::size_t threads = limits.waiting + kThreadsBesideQueue;
  server.new_task_queue = [threads] { return new httplib::ThreadPool(threads); };
}

/// The port that is listened on.
int bind(httplib::Server& server, const ServeOptions& options) {
  socket_t socket = INVALID_SOCKET;
  server.set_socket_options([&socket](socket_t created) {
    socket = created;
    const int yes = 1;  // Without httplib's SO_REUSEPORT, by which two servers would share a port.
    setsockopt(created, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
  const int port = options.port == 0                                 ? server.bind_to_any_port(options.host)
                   : server.bind_to_port(options.host, options.port) ? options.port
                                                                     : -1;
  if (port < 0)
    throw invalid_input("port", fmt::format("{}:{} cannot be listened on; another program may hold it",
                                            options.host, options.port));
  // httplib lets five connections wait to be accepted; a sixth client would try again after a second.
  listen(socket, kBacklog);
  return port;
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

void serve(const Pipeline& pipeline, const ServeOptions& options, const std::function<bool()>& stop,
           const std::function<void(const std::string&)>& on_ready) {
  Listener server;
  set_limits(server, options.queue);
  const int port = bind(server, options);
  JobQueue queue(pipeline, options.queue);
  const Context context{pipeline, queue, options.keys, options.behind_proxy};
  add_guard(server, options.keys, options.behind_proxy, options.log);
  add_page(server);
  add_v1_api(server, context);
  add_a1111_api(server, context);
  add_openai_api(server, context);
  add_openapi(server);
  std::thread listener([&] { server.listen_after_bind(); });
  while (!server.is_running()) std::this_thread::sleep_for(1ms);  // Only then can it be stopped.
  on_ready(fmt::format("http://{}:{}", options.host, port));
  while (!stop()) std::this_thread::sleep_for(100ms);
  queue.close();
  server.stop();
  listener.join();
}

}  // namespace latentdial::server
