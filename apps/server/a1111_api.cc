#include "a1111_api.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <ctime>
#include <fstream>
#include <memory>

#include "a1111_lists.h"
#include "a1111_options.h"
#include "a1111_request.h"
#include "base64.h"
#include "job_answer.h"
#include "latentdial/error.h"
#include "latentdial/json.h"
#include "latentdial/parameters.h"
#include "latentdial/version.h"

namespace latentdial::server {
namespace {

/// The text that A1111 puts beside its pictures: JSON within JSON.
std::string describe_pictures(const JobStatus& job, const ServedModel& model,
                              const std::vector<std::string>& notices) {
  const Settings& first = job.frames.front()->settings;
  Json prompts = Json::array(), negatives = Json::array(), seeds = Json::array(), texts = Json::array(),
       all = notices;
  for (const auto& frame : job.frames) {
    prompts.push_back(frame->settings.prompt);
    negatives.push_back(frame->settings.negative_prompt);
    seeds.push_back(frame->settings.seed);
    texts.push_back(frame->parameters);
    for (const auto& notice : frame->notices) all.push_back(notice);
  }
  const Json info = {{"prompt", first.prompt},
                     {"all_prompts", prompts},
                     {"negative_prompt", first.negative_prompt},
                     {"all_negative_prompts", negatives},
                     {"seed", first.seed},
                     {"all_seeds", seeds},
                     {"width", first.width},
                     {"height", first.height},
                     {"sampler_name", a1111_sampler(first.sampler)},
                     {"cfg_scale", first.guidance_scale.value()},
                     {"steps", first.steps},
                     {"batch_size", 1},
                     {"sd_model_name", model.name()},
                     {"sd_model_hash", model.info.hash},
                     {"sd_vae_name", model.vae.empty() ? Json() : Json(model.vae)},
                     {"index_of_first_image", 0},
                     {"infotexts", texts},
                     {"style", first.style},
                     {"dial", first.position},
                     {"method", first.method},
                     {"notices", all},
                     {"version", fmt::format("latentdial {}", kVersion)}};
  return json_line(info);
}

/// An interrupted job answers with the pictures that were finished.
HttpResponse send_pictures(const ServedModel& model, const JobStatus& job, const A1111Request& request,
                           const Json& body) {
  Json images = Json::array();
  if (request.send_images) {
    for (const auto& frame : job.frames) images.push_back(encode_base64(frame->png));
  }
  const std::string info = job.frames.empty() ? "{}" : describe_pictures(job, model, request.notices);
  return reply({{"images", std::move(images)}, {"parameters", body}, {"info", info}});
}

Pending generate(const A1111& context, bool from_image, HttpRequest& http) {
  Body given = read_body(http);
  const Client client = client_of(context, http);
  const Asked asked = read_asked(context, client, given.json);
  const ModelPtr& model = asked.model;
  A1111Request request = read_a1111_request(given, from_image, model->info,
                                            a1111_options(context, asked.choice), context.upscalers);
  auto waiter = in_words_of(a1111_name, [&] {
    return context.queue.submit(model, requests_of(request.list, request.asked), client,
                                JobQueue::WhenLeft::cancel, context.live->preview_when_asked());
  });
  if (asked.stays) context.choices->keep(client, asked.choice);
  request.asked = {};  // The job has its pictures.
  Pending pending =
      when_ended(std::move(waiter), [model, request, body = std::move(given.json)](const JobStatus& job) {
        return send_pictures(*model, job, request, body);
      });
  pending.answer = [answer = std::move(pending.answer)] { return in_words_of(a1111_name, answer); };
  return pending;
}

/// The picture of the client's own job, for who does not skip it; the one that is asked for now comes with
/// the next answer.
Json current_image(const A1111& context, const JobStatus& job, const HttpRequest& request) {
  const std::string skip = request.query_value("skip_current_image");
  if (skip == "true" || skip == "True" || skip == "1") return {};
  context.queue.ask_for_preview(job.id, client_of(context, request));
  if (job.previews.empty() || !context.live->enabled) return {};
  return encode_base64(job.previews.back()->png);
}

HttpResponse send_progress(const A1111& context, const HttpRequest& request) {
  const auto job = context.queue.running(client_of(context, request));
  const JobStatus now = job.value_or(JobStatus{});
  const Json state = {
      {"skipped", false},
      {"interrupted", false},
      {"stopping_generation", false},
      {"job", job ? fmt::format("task({})", now.number) : ""},  // No id: A1111's clients only show it.
      {"job_count", context.queue.unfinished()},
      {"job_timestamp", job ? fmt::format("{:%Y%m%d%H%M%S}", fmt::localtime(std::time(nullptr))) : "0"},
      {"job_no", now.frames.size()},
      {"sampling_step", now.step.step},
      {"sampling_steps", now.step.steps}};
  return reply({{"progress", now.share()},
                {"eta_relative", now.seconds_left.value_or(0)},
                {"state", state},
                {"current_image", current_image(context, now, request)},
                {"textinfo", nullptr}});
}

/// Stops the job that the progress shows.
HttpResponse interrupt(const Context& context, const HttpRequest& request) {
  const Client client = client_of(context, request);
  if (const auto job = context.queue.running(client)) context.queue.cancel(job->id, client);
  return reply(Json::object());
}

HttpResponse send_png_info(HttpRequest& request) {
  Body body = read_body(request);
  const std::string bytes = body.take_bytes("image", body.json.value("image", Json()));
  const std::string text =
      image_parameters({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, "image");
  Json parameters = Json::object();
  if (!text.empty()) {
    const Settings settings = parse_parameters(text);
    const Json values = parse_json<Json>(to_json(settings));
    visit_settings(settings, [&](const Option& option, const auto&) {
      if (option.label[0] != '\0' && !values[option.name].is_null())
        parameters[option.label] = values[option.name];
    });
    if (settings.hires > 1) parameters["Denoising strength"] = settings.hires_strength;
    parameters.update({{"Prompt", settings.prompt},
                       {"Negative prompt", settings.negative_prompt},
                       {"Size-1", settings.width},
                       {"Size-2", settings.height}});
  }
  return reply({{"info", text},
                {"items", text.empty() ? Json::object() : Json{{"parameters", text}}},
                {"parameters", parameters}});
}

/// Of this process and of the machine, from the kernel's own pages.
HttpResponse send_memory(const HttpRequest&) {
  double total = 0, available = 0;
  std::ifstream file("/proc/meminfo");
  std::string key, unit;
  for (double kilobytes = 0; file >> key >> kilobytes; std::getline(file, unit)) {
    if (key == "MemTotal:") total = kilobytes * 1024;
    if (key == "MemAvailable:") available = kilobytes * 1024;
  }
  return reply({{"ram", {{"free", available}, {"used", total - available}, {"total", total}}},
                {"cuda", {{"error", "not used"}}}});
}

}  // namespace

Json a1111_error_body(const Failure& failure) {
  return {{"error", failure.status >= 500 ? "Error" : "HTTPException"},
          {"detail", failure.message},
          {"body", ""},
          {"errors", failure.message}};
}

void add_a1111_api(Router& router, const Context& server_context) {
  const A1111 context{server_context};
  const auto add = [](Handler handler) { return guarded(std::move(handler), a1111_error_body, 422); };
  router.post("/sdapi/v1/txt2img",
              add([context](HttpRequest& request) { return generate(context, false, request); }));
  router.post("/sdapi/v1/img2img",
              add([context](HttpRequest& request) { return generate(context, true, request); }));
  router.post("/sdapi/v1/png-info", add(send_png_info));
  router.get_quickly("/sdapi/v1/progress",
                     add([context](const HttpRequest& request) { return send_progress(context, request); }));
  for (const char* path : {"/sdapi/v1/interrupt", "/sdapi/v1/skip"})
    router.post(path, add([context](const HttpRequest& request) { return interrupt(context, request); }));
  router.get("/sdapi/v1/memory", add(send_memory));
  router.get("/internal/ping", [](const HttpRequest&) { return reply(Json::object()); });
  add_a1111_options(router, context);
  add_a1111_lists(router, context);
}

}  // namespace latentdial::server
