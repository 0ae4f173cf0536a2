#include "openai_api.h"

#include <fmt/format.h>

#include <chrono>
#include <deque>
#include <functional>
#include <mutex>

#include "base64.h"
#include "latentdial/error.h"
#include "openai_request.h"

namespace latentdial::server {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kRememberedKeys = 256;

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

/// The jobs of the latest requests: a request that is sent again waits for the job that it started.
class Retries {
 public:
  /// The job that was started under this key; "" for none. Throws invalid_input where its body was another.
  std::string find(const std::string& key, std::size_t body) const {
    for (const auto& known : known_) {
      if (known.key != key) continue;
      if (known.body != body) throw invalid_input("Idempotency-Key", "it was used for another request");
      return known.job;
    }
    return "";
  }
  void remember(const std::string& key, std::size_t body, const std::string& job) {
    std::erase_if(known_, [&](const Known& known) { return known.key == key; });
    known_.push_back({key, body, job});
    if (known_.size() > kRememberedKeys) known_.pop_front();
  }
  std::mutex mutex;  ///< Held from find to remember: two tries at once are still one job.

 private:
  struct Known {
    std::string key;
    std::size_t body;
    std::string job;
  };
  std::deque<Known> known_;
};

/// Wants so many previews of a picture, at equal distances.
WantsPreview spread_previews(int count) {
  if (count == 0) return {};
  return [count, shown = 0](const StepProgress& now, bool) mutable {
    const bool due = shown < count && now.step * (count + 1) >= now.steps * (shown + 1);
    shown += due ? 1 : 0;
    return due;
  };
}

/// Starts the job, or finds the one that an earlier try of the same request started. A try is known by its
/// key; OpenAI's own client sends none, but counts its retries.
std::string start(const Context& context, Retries& retries, const httplib::Request& http,
                  OpenAiRequest& request) {
  const std::size_t body = std::hash<std::string>()(http.body);
  const std::string given = http.get_header_value("Idempotency-Key");
  const std::string key = given.empty() ? fmt::format("body {}", body) : "key " + given;
  const std::string count = http.get_header_value("x-stainless-retry-count");
  const bool may_be_retry = !given.empty() || (!count.empty() && count != "0");
  const std::lock_guard lock(retries.mutex);
  if (may_be_retry) {
    const auto job = context.queue.status(retries.find(key, body));
    if (job && job->state != JobState::cancelled) return job->id;
  }
  const std::string id = context.queue.submit(request.list, request.images, client_of(context, http),
                                              spread_previews(request.partial_images));
  retries.remember(key, body, id);
  return id;
}

Json data_of(const Frame& frame, const std::string& job, bool as_urls, const httplib::Request& http) {
  if (as_urls)
    return {{"url", fmt::format("http://{}/v1/jobs/{}/frames/{}.png", http.get_header_value("Host"), job,
                                frame.index)}};
  return {{"b64_json", encode_base64(frame.png)}};
}

void send_pictures(const Context& context, const std::string& id, bool as_urls, const httplib::Request& http,
                   httplib::Response& response) {
  // A request with a key may come again for its pictures, so hanging up does not end it.
  const bool keep = http.has_header("Idempotency-Key");
  const JobStatus job = keep ? context.queue.wait(id, [] { return false; }) : wait_for_client(context, id);
  if (job.error) throw in_words(*job.error, openai_name);
  if (job.state == JobState::cancelled) throw Error(ErrorCode::cancelled, "the job was cancelled");
  Json data = Json::array();
  for (const auto& frame : job.frames) data.push_back(data_of(*frame, id, as_urls, http));
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
  std::string id, name;
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

void stream_picture(const Context& context, PictureStream stream, httplib::Response& response) {
  response.set_chunked_content_provider(
      "text/event-stream",
      [context, stream = std::move(stream)](std::size_t, httplib::DataSink& sink) mutable {
        const auto job = context.queue.status(stream.id);
        if (!job) return false;
        const bool ended = has_ended(job->state);
        const std::string text =
            stream.partial_images(*job) + (ended ? last_event(*job, stream.name) : stream.comment(*job));
        if (!text.empty() && (!sink.is_writable() || !sink.write(text.data(), text.size()))) {
          context.queue.cancel(stream.id);
          return false;
        }
        if (ended) {
          sink.done();
        } else {
          std::this_thread::sleep_for(20ms);
        }
        return true;
      });
}

void answer(const Context& context, Retries& retries, OpenAiRequest request, const std::string& name,
            const httplib::Request& http, httplib::Response& response) {
  const auto resolve = [&] { return context.pipeline.resolve({request.list.front(), request.images}); };
  const Settings settings = in_words_of(openai_name, resolve);
  const std::string id = start(context, retries, http, request);
  if (request.stream) return stream_picture(context, {id, name, settings}, response);
  send_pictures(context, id, request.as_urls, http, response);
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
