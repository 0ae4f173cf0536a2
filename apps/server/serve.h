#pragma once

#include <cstdint>
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
  std::string models;            ///< Folder of further models that clients may name; "": none.
  std::string vae_dir;           ///< Folder of VAEs that clients may name; "": none.
  std::uint64_t max_memory = 0;  ///< Bytes of models that are loaded at a time; 0: half of allowed_memory.
  bool behind_proxy = false;     ///< Clients are told apart by what a reverse proxy says of them.
  Log log;                       ///< Gets what who keeps the server should know; on any thread.
  Log news;                      ///< Gets which models are loaded, where it is set.
};

/// Throws invalid_input for a host that others can reach without an API key or with a short one, and for
/// numbers out of range.
void validate(const ServeOptions& options);

/// Serves the page and the APIs until `stop`, asked ten times a second, says to stop; then what runs is
/// cancelled. `main` is the model of requests that name none, as `model` loaded it. `on_ready` gets the
/// address. Throws invalid_input when the address cannot be listened on, a folder of models or of
/// VAEs cannot be read, or the main one takes more memory than is allowed.
void serve(Pipeline main, const ModelOptions& model, const ServeOptions& options,
           const std::function<bool()>& stop,
           const std::function<void(const std::string& address)>& on_ready);

}  // namespace latentdial::server
