#include "openai_api.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/container_hash/hash.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base64.h"
#include "job_answer.h"
#include "latentdial/error.h"
#include "latentdial/json.h"
#include "multipart.h"
#include "openai_request.h"
#include "picture_format.h"
#include "retries.h"

namespace latentdial::server {
namespace {

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

/// Of what is asked for: the path and the body, or a form's fields, since its boundary is another each time.
std::size_t hash_of(const HttpRequest& http, bool is_form) {
  std::size_t hash = 0;
  boost::hash_combine(hash, http.path);
  if (!is_form) boost::hash_combine(hash, http.body);
  for (const Part& part : is_form ? read_form(http) : std::vector<Part>()) {
    boost::hash_combine(hash, part.name);
    boost::hash_combine(hash, part.content);
  }
  return hash;
}

/// Starts the job, or finds the one that an earlier try of the same request started. A try is known by its
/// key; OpenAI's own client sends none, but counts its retries.
std::shared_ptr<JobQueue::Waiter> start(const Context& context, Retries& retries, const HttpRequest& http,
                                        std::size_t body, const OpenAiRequest& request) {
  const std::string count = http.headers.get("x-stainless-retry-count");
  const Retries::Request asked{.client = client_of(context, http),
                               .key = http.headers.get("Idempotency-Key"),
                               .body = body,
                               .again = !count.empty() && count != "0"};
  // A request with a key may come again for its pictures, so hanging up does not end it.
  const auto when_left = asked.key.empty() ? JobQueue::WhenLeft::cancel : JobQueue::WhenLeft::go_on;
  return retries.start(context.queue, asked, [&] {
    return context.queue.submit(request.model, requests_of(request.list, request.asked), asked.client,
                                when_left, spread_previews(request.partial_images));
  });
}

/// How an answer holds its pictures.
struct Sent {
  std::optional<std::string>
      origin;            ///< What their addresses begin with; without it they are sent themselves.
  PictureFormat format;  ///< Of those that are sent themselves.
};

Json data_of(const Frame& frame, const std::string& job, const Sent& sent) {
  if (sent.origin)
    return {{"url", fmt::format("{}/v1/jobs/{}/frames/{}.png", *sent.origin, job, frame.index)}};
  return {{"b64_json", encode_base64(sent.format.convert(frame.png, frame.parameters))}};
}

HttpResponse send_pictures(const JobStatus& job, const Sent& sent) {
  if (job.state == JobState::cancelled) throw Error(ErrorCode::cancelled, "the job was cancelled");
  Json data = Json::array();
  for (const auto& frame : job.frames) data.push_back(data_of(*frame, job.id, sent));
  const Frame& first = *job.frames.front();
  Json notices = Json::array();
  for (const auto& frame : job.frames)
    for (const auto& notice : frame->notices)
      if (std::ranges::find(notices, Json(notice)) == notices.end()) notices.push_back(notice);
  return reply({{"created", unix_time()},
                {"data", std::move(data)},
                {"notices", std::move(notices)},
                {"output_format", sent.origin ? "png" : sent.format.name},
                {"size", fmt::format("{}x{}", first.width, first.height)}});
}

Pending wait_for_pictures(std::shared_ptr<JobQueue::Waiter> waiter, const Sent& sent) {
  Pending pending =
      when_ended(std::move(waiter), [sent](const JobStatus& job) { return send_pictures(job, sent); });
  pending.answer = [answer = std::move(pending.answer)] { return in_words_of(openai_name, answer); };
  return pending;
}

std::string event(const std::string& type, Json body) {
  body["type"] = type;
  return fmt::format("event: {}\ndata: {}\n\n", type, json_line(body));
}

/// What the events of a picture, under way or finished, have in common.
Json picture_event(const std::string& picture, int width, int height, const PictureFormat& format) {
  return {{"b64_json", encode_base64(picture)},
          {"created_at", unix_time()},
          {"size", fmt::format("{}x{}", width, height)},
          {"quality", "auto"},
          {"background", "opaque"},
          {"output_format", format.name}};
}

/// The stream's last event: the picture, or why there is none.
std::string last_event(const JobStatus& job, const std::string& name, const PictureFormat& format) {
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
  return event(name + ".completed",
               picture_event(format.convert(frame.png, frame.parameters), frame.width, frame.height, format));
}

/// A job's stream, and what of it was sent.
struct PictureStream {
  std::string name;
  PictureFormat format;
  int step = -1;
  std::size_t previews = 0;

  /// The previews since.
  std::string partial_images(const JobStatus& job) {
    std::string events;
    for (const auto& preview : job.previews) {
      if (preview->number < previews) continue;
      Json body = picture_event(format.convert(preview->png, ""), preview->width, preview->height, format);
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

Stream stream_picture(std::shared_ptr<JobQueue::Waiter> waiter, PictureStream stream) {
  return event_stream(std::move(waiter), [stream = std::move(stream)](const JobStatus& job) mutable {
    return stream.partial_images(job) +
           (has_ended(job.state) ? last_event(job, stream.name, stream.format) : stream.comment(job));
  });
}

Answer answer(const Context& context, Retries& retries, const OpenAiRequest& request, std::size_t body,
              const std::string& name, const HttpRequest& http) {
  (void)in_words_of(openai_name, [&] { return context.queue.check(request.model, request.asked); });
  auto waiter = start(context, retries, http, body, request);
  if (request.stream) return stream_picture(std::move(waiter), {name, request.format});
  Sent sent{.origin = {}, .format = request.format};
  if (request.as_urls) sent.origin = origin_of(context, http);
  return wait_for_pictures(std::move(waiter), sent);
}

Json describe_model(const ServedModel& model) {
  return {{"id", model.name()}, {"object", "model"}, {"created", 0}, {"owned_by", "latentdial"}};
}

HttpResponse send_models(const Context& context) {
  Json list = Json::array();
  for (const ModelPtr& model : context.models.all()) list.push_back(describe_model(*model));
  return reply({{"object", "list"}, {"data", std::move(list)}});
}

HttpResponse send_model(const Context& context, const std::string& name) {
  const ModelPtr model = context.models.find(name);
  if (!model) throw NotFound(fmt::format("The model \"{}\" does not exist", single_line(name)));
  return reply(describe_model(*model));
}

}  // namespace

void add_openai_api(Router& router, const Context& context) {
  const auto add = [](Handler handler) { return guarded(std::move(handler), error_body); };
  const auto retries = std::make_shared<Retries>();
  router.get("/v1/models", add([context](const HttpRequest&) { return send_models(context); }));
  router.get("/v1/models/{model:rest}", add([context](const HttpRequest& request) {
               return send_model(context, request.named.at("model"));
             }));
  router.post("/v1/images/generations", add([=](HttpRequest& http) {
                const std::size_t body = hash_of(http, false);  // What reads the body takes it away.
                return answer(context, *retries,
                              read_generation(read_body(http), context.models, context.upscalers), body,
                              "image_generation", http);
              }));
  router.post("/v1/images/edits", add([=](HttpRequest& http) {
                const std::size_t body = hash_of(http, true);
                return answer(context, *retries, read_edit(http, context.models, context.upscalers), body,
                              "image_edit", http);
              }));
  router.post("/v1/images/variations", add([](const HttpRequest&) -> HttpResponse {
                throw invalid_input("image",
                                    "variations need a model that draws from a picture without words; "
                                    "/v1/images/edits draws from a picture and a prompt");
              }));
}

}  // namespace latentdial::server
