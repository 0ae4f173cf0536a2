#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "guard.h"
#include "job_queue.h"
#include "keys.h"
#include "latentdial/pipeline.h"
#include "latentdial/upscaler.h"

namespace latentdial::server {

struct ServeOptions {
  std::string host = "127.0.0.1";
  int port = 7860;  ///< 0: any that is free.
  Keys keys;        ///< Needed for a host that others can reach.
  QueueLimits queue;
  std::vector<std::shared_ptr<const Upscaler>> upscalers;  ///< That clients may name.
  bool behind_proxy = false;  ///< Clients are told apart by what a reverse proxy says of them.
  Log log;                    ///< Gets what who keeps the server should know; on any thread.
};

/// Throws invalid_input for a host that others can reach without an API key or with a short one, and for
/// numbers out of range.
void validate(const ServeOptions& options);

/// Serves the page and the APIs until `stop`, asked ten times a second, says to stop; then what runs is
/// cancelled. `on_ready` gets the address. Throws invalid_input when the address cannot be listened on.
void serve(const Pipeline& pipeline, const ServeOptions& options, const std::function<bool()>& stop,
           const std::function<void(const std::string& address)>& on_ready);

}  // namespace latentdial::server
