#include "v1_api.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "describe_model.h"
#include "enlarge_request.h"
#include "latentdial/calibrate.h"
#include "latentdial/dial.h"
#include "latentdial/error.h"
#include "latentdial/json.h"
#include "latentdial/parameters.h"
#include "latentdial/strip.h"
#include "latentdial/sweep.h"

namespace latentdial::server {
namespace {

constexpr std::size_t kMostPictures = 201;
constexpr int kMostSteps = 1000;

Json error_body(const Failure& failure) {
  return {{"error",
           {{"code", failure.code},
            {"message", failure.message},
            {"field", failure.field.empty() ? Json() : Json(failure.field)}}}};
}

Json settings_to_object(const Settings& settings) {
  Json object = parse_json<Json>(to_json(settings));
  for (const InputFile& picture : input_pictures()) object.erase(picture.name);
  object.erase("dial");
  return object;
}

Json frame_to_json(const std::string& job, const Frame& frame) {
  return {{"index", frame.index},
          {"position", frame.settings.position},
          {"url", fmt::format("/v1/jobs/{}/frames/{}.png", job, frame.index)},
          {"settings", settings_to_object(frame.settings)},
          {"shows", frame.shows ? Json(*frame.shows) : Json()},
          {"notices", frame.notices}};
}

Json preview_to_json(const JobStatus& job) {
  if (job.previews.empty()) return {};
  const PreviewFrame& latest = *job.previews.back();
  return {{"picture", latest.picture},
          {"position", latest.position},
          {"step", latest.step},
          {"url", fmt::format("/v1/jobs/{}/preview.png", job.id)}};
}

Json job_to_json(const JobStatus& job) {
  Json frames = Json::array();
  for (const auto& frame : job.frames) frames.push_back(frame_to_json(job.id, *frame));
  return {{"id", job.id},
          {"model", job.model.empty() ? Json() : Json(job.model)},
          {"state", to_string(job.state)},
          {"ahead", job.ahead},
          {"fits", job.fits},
          {"pictures", job.pictures},
          {"picture", job.made},
          {"step", job.step.step},
          {"steps", job.step.steps},
          {"evaluations", job.step.evaluations},
          {"all_evaluations", job.step.all_evaluations},
          {"progress", job.share()},
          {"seconds", job.seconds},
          {"seconds_left", job.seconds_left ? Json(*job.seconds_left) : Json()},
          {"error", job.error ? Json(job.error->what()) : Json()},
          {"frames", std::move(frames)},
          {"preview", preview_to_json(job)},
          {"dial_file", job.dial ? parse_json<Json>(to_json(*job.dial)) : Json()}};
}

/// The job that a path names.
JobStatus find_job(const Context& context, const HttpRequest& request) {
  const std::string& id = request.named.at("id");
  const auto job = context.queue.status(id, client_of(context, request));
  if (!job) throw NotFound(fmt::format("no job {} is kept here", id));
  return *job;
}

std::vector<double> read_positions(const Json& at) {
  std::vector<double> positions;
  if (at.is_string()) {
    positions = parse_range(at.get<std::string>());
  } else if (at.is_array() &&
             std::all_of(at.begin(), at.end(), [](const Json& p) { return p.is_number(); })) {
    positions = at.get<std::vector<double>>();
  } else {
    throw invalid_input("at", "a list of dial positions or \"A:B:N\" is needed, as in [0, 0.5, 1]");
  }
  if (positions.empty() || positions.size() > kMostPictures)
    throw invalid_input("at",
                        fmt::format("1 to {} positions are taken, not {}", kMostPictures, positions.size()));
  return positions;
}

/// "model": NAME; without it the main one. "vae": NAME in place of its own.
ModelPtr take_model(const Context& context, Json& body) {
  const Json name = take(body, "model", ""), vae = take(body, "vae", Json());
  const ModelPtr model = name == "" ? context.models.main() : find_model(context, "model", name);
  return context.vaes.with(model, "vae", context.vaes.find("vae", vae));
}

/// "preview_every": N asks for a preview after every N steps; 0 for none.
WantsPreview take_preview_every(Json& body) {
  const int steps = read_whole("preview_every", body.value("preview_every", Json(0)), 0, kMostSteps);
  body.erase("preview_every");
  if (steps == 0) return {};
  return [steps](const StepProgress& now, bool) { return now.step % steps == 0; };
}

/// "images_of": ID stands for the pictures that the client gave that job, so that it sends them once.
InputImages take_images_of(const Context& context, const Client& client, Json& body) {
  const Json job = take(body, "images_of", {});
  if (job.is_null()) return {};
  if (!job.is_string()) throw invalid_input("images_of", "the id of a job is needed");
  const auto images = context.queue.images(job.get<std::string>(), client);
  if (!images)
    throw NotFound(fmt::format("images_of: no picture of job {} is kept here; send it again", quoted(job)));
  return *images;
}

/// "dial_file": what such a file holds, of a dial that was fitted for this model.
std::shared_ptr<const Dial> take_dial_file(Json& body) {
  const Json dial = take(body, "dial_file", {});
  if (dial.is_null()) return nullptr;
  if (!dial.is_object())
    throw invalid_input("dial_file",
                        "what a dial's file holds is needed: the object that /v1/calibrate makes");
  return std::make_shared<const Dial>(dial_from_json(json_line(dial), "dial_file"));
}

HttpResponse started(const std::shared_ptr<JobQueue::Waiter>& waiter) {
  HttpResponse response = reply(job_to_json(waiter->status()), 202);
  response.headers.add("Location", "/v1/jobs/" + waiter->id());
  return response;
}

HttpResponse start_job(const Context& context, HttpRequest& request, bool dial) {
  Body given = read_body(request);
  Json& body = given.json;
  const ModelPtr model = take_model(context, body);
  std::vector<double> positions;
  if (dial) {
    positions = read_positions(body.value("at", Json("0:1:11")));
    body.erase("at");
  }
  WantsPreview wants_preview = take_preview_every(body);
  const Client client = client_of(context, request);
  InputImages images = take_images_of(context, client, body);
  const std::shared_ptr<const Dial> file = take_dial_file(body);
  Request asked = read_settings(std::move(given), std::move(images), context.upscalers);
  asked.dial = file;
  if (dial && asked.settings.style.empty())
    throw invalid_input("style", "say what the dial turns, as in \"Monet style\"");
  std::vector<Settings> list(dial ? positions.size() : 1, asked.settings);
  for (std::size_t i = 0; i < positions.size(); ++i) list[i].position = positions[i];
  return started(context.queue.submit(model, requests_of(list, asked), client, JobQueue::WhenLeft::go_on,
                                      std::move(wants_preview)));
}

/// "with" names one of the server's networks.
std::shared_ptr<const Upscaler> take_network(Json& body, const Upscalers& upscalers) {
  const Json name = take(body, "with", {});
  std::vector<std::string> known;
  for (const auto& upscaler : upscalers) {
    if (name == upscaler->name()) return upscaler;
    known.push_back(upscaler->name());
  }
  if (known.empty()) throw invalid_input("with", "this server was given no network that enlarges");
  throw invalid_input("with", fmt::format("{} is unknown; use {}", quoted(name), fmt::join(known, ", ")));
}

HttpResponse start_upscaling(const Context& context, HttpRequest& request) {
  Body given = read_body(request);
  Json& body = given.json;
  Enlargement enlargement;
  enlargement.upscaler = take_network(body, context.upscalers);
  enlargement.by = read_number("by", take(body, "by", enlargement.upscaler->scale()), 1, kMostEnlarged);
  enlargement.pictures.push_back(read_brought(given, "image", take(body, "image", Json())));
  check_all_taken(body);
  check_sizes(enlargement);
  return started(
      context.queue.submit(std::move(enlargement), client_of(context, request), JobQueue::WhenLeft::go_on));
}

/// "prompts": what the pictures show that a dial is fitted on, without the style.
std::vector<std::string> take_prompts(Json& body, const std::vector<std::string>& otherwise) {
  const Json given = take(body, "prompts", {});
  if (given.is_null()) return otherwise;
  if (!given.is_array() || given.empty() ||
      !std::ranges::all_of(given, [](const Json& prompt) { return prompt.is_string(); }))
    throw invalid_input("prompts", "a list of texts is needed, as in [\"a house in the meadow\"]");
  auto prompts = given.get<std::vector<std::string>>();
  for (const std::string& prompt : prompts) check_length("prompts", prompt);
  return prompts;
}

HttpResponse start_fit(const Context& context, HttpRequest& request) {
  Body given = read_body(request);
  Json& body = given.json;
  for (const char* name : kNotCalibrated)
    if (body.contains(name))
      throw invalid_input(name, "a dial is fitted without it; \"prompts\" are what its pictures show");
  const ModelPtr model = take_model(context, body);
  CalibrationOptions options;
  options.prompts = take_prompts(body, options.prompts);
  const auto seeds = static_cast<std::size_t>(
      read_whole("seeds", take(body, "seeds", options.seeds.size()), 1, static_cast<int>(kMostSeeds)));
  if (const std::size_t scenes = options.prompts.size() * seeds; scenes > kMostFitScenes)
    throw invalid_input("seeds", fmt::format("{} prompts times {} seeds are {} scenes; use {} at most",
                                             options.prompts.size(), seeds, scenes, kMostFitScenes));
  body["prompt"] = options.prompts.front();
  options.settings = read_settings(std::move(given)).settings;
  options.settings.prompt = "";
  options.seeds.clear();
  for (std::size_t i = 0; i < seeds; ++i) options.seeds.push_back(options.settings.seed + i);
  return started(context.queue.submit(model, std::move(options), client_of(context, request)));
}

/// A picture of a job, which is sent without a copy of it.
template <class Owner>
HttpResponse send_png(const std::shared_ptr<const Owner>& picture) {
  HttpResponse response;
  response.type = "image/png";
  response.body = picture->png;
  response.owner = picture;
  return response;
}

HttpResponse send_frame(const Context& context, const HttpRequest& request) {
  const JobStatus job = find_job(context, request);
  const std::string& index = request.named.at("index");
  for (const auto& frame : job.frames) {
    if (std::to_string(frame->index) == index) return send_png(frame);
  }
  throw NotFound(fmt::format("picture {} of job {} is not made yet", index, job.id));
}

HttpResponse send_preview(const Context& context, const HttpRequest& request) {
  const JobStatus job = find_job(context, request);
  if (job.previews.empty()) throw NotFound(fmt::format("there is no preview of job {} yet", job.id));
  return send_png(job.previews.back());
}

/// Whether a picture stands for one within the dial's range, where another of the strip shows the same.
bool is_beyond(const Frame& frame, const JobStatus& job) {
  return frame.shows && *frame.shows != frame.settings.position &&
         std::ranges::any_of(job.frames,
                             [&](const auto& other) { return other->settings.position == *frame.shows; });
}

/// The finished pictures from left to right along the dial.
HttpResponse send_strip(const Context& context, const HttpRequest& request) {
  JobStatus job = find_job(context, request);
  if (job.frames.empty()) throw NotFound(fmt::format("no picture of job {} is made yet", job.id));
  std::stable_sort(job.frames.begin(), job.frames.end(),
                   [](const auto& a, const auto& b) { return a->settings.position < b->settings.position; });
  std::vector<StripFrame> frames;
  for (const auto& frame : job.frames) {
    if (is_beyond(*frame, job)) continue;
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(frame->png.data());
    frames.push_back(
        {decode_image({bytes, frame->png.size()}, "frame"), {percent(frame->settings.position)}});
  }
  const Settings& settings = job.frames.front()->settings;
  const std::string title = fmt::format("“{}”, {} ({})", settings.prompt, settings.style, settings.method);
  const auto bytes = encode_png(draw_strip(title, frames), "");
  return make_response("image/png", {bytes.begin(), bytes.end()});
}

/// "?model=NAME&vae=NAME"; without them the main one, with its own.
ModelPtr asked_model(const Context& context, const HttpRequest& request) {
  const std::string name = request.query_value("model");
  const ModelPtr model = name.empty() ? context.models.main() : context.models.find(name);
  if (!model)
    throw NotFound(fmt::format("{} is not a model of this server; it has {}", quoted(Json(name)),
                               context.models.names()));
  return context.vaes.with(model, "vae", context.vaes.find("vae", request.query_value("vae")));
}

HttpResponse send_png_info(const HttpRequest& request) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(request.body.data());
  const std::string text = image_parameters({bytes, request.body.size()}, "the picture");
  return reply({{"parameters", text},
                {"settings", text.empty() ? Json::object() : settings_to_object(parse_parameters(text))}});
}

}  // namespace

void add_v1_api(Router& router, const Context& context) {
  const auto add = [](Handler handler) { return guarded(std::move(handler), error_body); };
  router.get("/v1/model", add([context](const HttpRequest& request) {
               return reply(describe_model(context, *asked_model(context, request)));
             }));
  router.post("/v1/generate",
              add([context](HttpRequest& request) { return start_job(context, request, false); }));
  router.post("/v1/dial", add([context](HttpRequest& request) { return start_job(context, request, true); }));
  router.post("/v1/upscale",
              add([context](HttpRequest& request) { return start_upscaling(context, request); }));
  router.post("/v1/calibrate", add([context](HttpRequest& request) { return start_fit(context, request); }));
  router.post("/v1/png-info", add(send_png_info));
  router.get_quickly("/v1/jobs/{id:hex}", add([context](const HttpRequest& request) {
                       return reply(job_to_json(find_job(context, request)));
                     }));
  router.post("/v1/jobs/{id:hex}/cancel", add([context](const HttpRequest& request) {
                context.queue.cancel(find_job(context, request).id, client_of(context, request));
                return reply(job_to_json(find_job(context, request)));
              }));
  router.get("/v1/jobs/{id:hex}/frames/{index:number}.png",
             add([context](const HttpRequest& request) { return send_frame(context, request); }));
  router.get("/v1/jobs/{id:hex}/preview.png",
             add([context](const HttpRequest& request) { return send_preview(context, request); }));
  router.get("/v1/jobs/{id:hex}/strip.png",
             add([context](const HttpRequest& request) { return send_strip(context, request); }));
}

}  // namespace latentdial::server
