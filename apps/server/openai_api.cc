#include "openai_api.h"

#include <fmt/format.h>

#include <chrono>
#include <functional>
#include <memory>
#include <thread>
#include <utility>

#include "base64.h"
#include "latentdial/error.h"
#include "listener.h"
#include "openai_request.h"
#include "retries.h"

namespace latentdial::server {
namespace {

using namespace std::chrono_literals;

Json error_body(const Failure& failure) {
  const char* type = failure.status == 429  ? "rate_limit_error"
                     : failure.status < 500 ? "invalid_request_error"
                                            : "server_error";
  const std::string code = failure.status == 404 ? "model_not_found" : failure.code;
  return {{"error",
           {{"message", failure.message},
            {"type", type},
            {"param", failure.field.empty() ? Json() : Json(failure.field)},
            {"code", code}}}};
}

std::int64_t unix_time() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// Wants so many previews of a picture, at equal distances.
WantsPreview spread_previews(int count) {
  if (count == 0) return {};
  return [count, shown = 0](const StepProgress& now, bool) mutable {
    const bool due = shown < count && now.step * (count + 1) >= now.steps * (shown + 1);
    shown += due ? 1 : 0;
    return due;
  };
}

/// Of what is asked for: the path, and the body or the parts of the form.
std::size_t hash_of(const httplib::Request& http) {
  std::string all = fmt::format("{}\n{}\n", http.path, http.body);
  for (const auto& [name, part] : http.files)
    all += fmt::format("{} {} {} {}\n", name, part.filename, part.content.size(), part.content);
  return std::hash<std::string>()(all);
}

/// Starts the job, or finds the one that an earlier try of the same request started. A try is known by its
/// key; OpenAI's own client sends none, but counts its retries.
std::shared_ptr<JobQueue::Waiter> start(const Context& context, Retries& retries,
                                        const httplib::Request& http, const OpenAiRequest& request) {
  const std::string count = http.get_header_value("x-stainless-retry-count");
  const Retries::Request asked{.client = client_of(context, http),
                               .key = http.get_header_value("Idempotency-Key"),
                               .body = hash_of(http),
                               .again = !count.empty() && count != "0"};
  // A request with a key may come again for its pictures, so hanging up does not end it.
  const auto when_left = asked.key.empty() ? JobQueue::WhenLeft::cancel : JobQueue::WhenLeft::go_on;
  return retries.start(context.queue, asked, [&] {
    return context.queue.submit(request.list, request.images, asked.client, when_left,
                                spread_previews(request.partial_images));
  });
}

/// Where the client reached this server; a proxy that ends TLS says so.
std::string own_address(const Context& context, const httplib::Request& http) {
  const bool tls = context.behind_proxy && http.get_header_value("X-Forwarded-Proto") == "https";
  return fmt::format("{}://{}", tls ? "https" : "http", http.get_header_value("Host"));
}

Json data_of(const Frame& frame, const std::string& job, const std::string& address) {
  if (!address.empty())
    return {{"url", fmt::format("{}/v1/jobs/{}/frames/{}.png", address, job, frame.index)}};
  return {{"b64_json", encode_base64(frame.png)}};
}

/// In the answer itself, or where an `address` is given, as links to it.
void send_pictures(const JobQueue::Waiter& waiter, const std::string& address, httplib::Response& response) {
  const JobStatus job = in_words_of(openai_name, [&] { return wait_for_client(waiter); });
  if (job.state == JobState::cancelled) throw Error(ErrorCode::cancelled, "the job was cancelled");
  Json data = Json::array();
  for (const auto& frame : job.frames) data.push_back(data_of(*frame, job.id, address));
  const Settings& first = job.frames.front()->settings;
  reply(response, {{"created", unix_time()},
                   {"data", std::move(data)},
                   {"output_format", "png"},
                   {"size", fmt::format("{}x{}", first.width, first.height)}});
}

std::string event(const std::string& type, Json body) {
  body["type"] = type;
  return fmt::format("event: {}\ndata: {}\n\n", type,
                     body.dump(-1, ' ', false, Json::error_handler_t::replace));
}

/// What the events of a picture, under way or finished, have in common.
Json picture_event(const std::string& png, const Settings& settings) {
  return {{"b64_json", encode_base64(png)},
          {"created_at", unix_time()},
          {"size", fmt::format("{}x{}", settings.width, settings.height)},
          {"quality", "auto"},
          {"background", "opaque"},
          {"output_format", "png"}};
}

/// The stream's last event: the picture, or why there is none.
std::string last_event(const JobStatus& job, const std::string& name) {
  if (job.state != JobState::done) {
    Failure failure{500, to_string(job.state), "the job was cancelled", ""};
    if (job.error) {
      const Error error = in_words(*job.error, openai_name);
      failure.message = error.what();
      failure.field = error.field();
    }
    return event("error", error_body(failure));
  }
  const Frame& frame = *job.frames.front();
  return event(name + ".completed", picture_event(frame.png, frame.settings));
}

/// A job's stream, and what of it was sent.
struct PictureStream {
  std::shared_ptr<JobQueue::Waiter> waiter;
  std::string name;
  Settings settings;  ///< Of the picture.
  int step = -1;
  std::size_t previews = 0;

  /// The previews since.
  std::string partial_images(const JobStatus& job) {
    std::string events;
    for (const auto& preview : job.previews) {
      if (preview->number < previews) continue;
      Json body = picture_event(preview->png, settings);
      body["partial_image_index"] = preview->number;
      events += event(name + ".partial_image", std::move(body));
      previews = preview->number + 1;
    }
    return events;
  }
  /// Comments tell the steps; they keep the line open, and show when the client is gone.
  std::string comment(const JobStatus& job) {
    if (job.step.step == std::exchange(step, job.step.step)) return "";
    return fmt::format(": step {} of {}\n\n", job.step.step, job.step.steps);
  }
};

void stream_picture(PictureStream stream, httplib::Response& response) {
  response.set_chunked_content_provider(
      "text/event-stream", [stream = std::move(stream)](std::size_t, httplib::DataSink& sink) mutable {
        if (Listener::client_is_gone()) return false;
        const JobStatus job = stream.waiter->status();
        const bool ended = has_ended(job.state);
        const std::string text =
            stream.partial_images(job) + (ended ? last_event(job, stream.name) : stream.comment(job));
        if (!text.empty() && !sink.write(text.data(), text.size())) return false;
        if (ended) {
          sink.done();
        } else {
          std::this_thread::sleep_for(20ms);
        }
        return true;
      });
}

void answer(const Context& context, Retries& retries, const OpenAiRequest& request, const std::string& name,
            const httplib::Request& http, httplib::Response& response) {
  const auto resolve = [&] { return context.pipeline.resolve({request.list.front(), request.images}); };
  const Settings settings = in_words_of(openai_name, resolve);
  auto waiter = start(context, retries, http, request);
  if (request.stream) return stream_picture({std::move(waiter), name, settings}, response);
  send_pictures(*waiter, request.as_urls ? own_address(context, http) : "", response);
}

Json describe_model(const ModelInfo& model) {
  return {{"id", model.name}, {"object", "model"}, {"created", 0}, {"owned_by", "latentdial"}};
}

}  // namespace

void add_openai_api(httplib::Server& server, const Context& context) {
  const ModelInfo& model = context.pipeline.info();
  const auto add = [](Handler handler) { return guarded(std::move(handler), error_body); };
  const auto retries = std::make_shared<Retries>();
  server.Get("/v1/models", add([&model](const auto&, auto& response) {
               reply(response, {{"object", "list"}, {"data", Json::array({describe_model(model)})}});
             }));
  server.Get(
      R"(/v1/models/(.+))", add([&model](const auto& request, auto& response) {
        if (request.matches[1] != model.name)
          throw NotFound(fmt::format("The model \"{}\" does not exist", std::string(request.matches[1])));
        reply(response, describe_model(model));
      }));
  server.Post("/v1/images/generations", add([=, &model](const auto& http, auto& response) {
                answer(context, *retries, read_generation(read_object(http), model), "image_generation", http,
                       response);
              }));
  server.Post("/v1/images/edits", add([=, &model](const auto& http, auto& response) {
                answer(context, *retries, read_edit(http, model), "image_edit", http, response);
              }));
}

}  // namespace latentdial::server
