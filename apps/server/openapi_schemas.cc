#include "openapi_schemas.h"

#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "enlarge_request.h"
#include "json_schema.h"
#include "latentdial/calibrate.h"
#include "latentdial/dial.h"
#include "latentdial/parameters.h"
#include "v1_api.h"

namespace latentdial::server {
namespace {

template <class T>
Json describe(const Option& option, const T& value) {
  Json schema = {{"description", with_names(option.help, {})}, {"default", value}};
  if constexpr (std::is_same_v<T, std::string>) {
    schema["type"] = "string";
  } else if constexpr (std::is_same_v<T, bool>) {
    schema["type"] = "boolean";
  } else {
    schema["type"] = std::is_floating_point_v<T> ? "number" : "integer";
    if (option.max > option.min) schema.update({{"minimum", option.min}, {"maximum", option.max}});
  }
  return schema;
}

/// A setting that the model has an own value of.
template <class T>
Json describe(const Option& option, const std::optional<T>&) {
  Json schema = describe(option, T{});
  schema.erase("default");
  schema["type"] = {schema["type"], "null"};
  return schema;
}

/// Our settings as a request has them: pictures in base64, and no files of the server's machine.
Json settings_properties() {
  Json properties = Json::object();
  const Settings defaults;
  visit_settings(defaults, [&](const Option& option, const auto& value) {
    properties[option.name] = describe(option, value);
  });
  for (const InputFile& input : input_pictures()) {
    Json& property = properties[input.name];
    property = text(property["description"].get<std::string>() + "; base64 or a data URL");
  }
  properties["prompt"].erase("default");  // It must be given, and may be empty.
  properties["method"]["enum"] = {""};    // The default.
  for (const MethodInfo& method : dial_methods()) properties["method"]["enum"].push_back(method.name);
  properties["dial"] = properties["position"];
  properties["hires_with"] =
      text("With \"hires\": latent, lanczos, or a network of the server's by its name");
  properties["seed"]["minimum"] = kAnySeed;
  properties["seed"]["description"] = properties["seed"]["description"].get<std::string>() + "; -1: any";
  return properties;
}

/// Those with more and other names than ours.
Json settings_and(const Json& more) {
  Json properties = settings_properties();
  properties.update(more);
  return {{"type", "object"}, {"properties", std::move(properties)}, {"required", {"prompt"}}};
}

/// null counts as not given, and a number may come as a text.
Json as_a1111_takes(Json schema) {
  const bool number = schema["type"] == "integer" || schema["type"] == "number";
  Json forms = Json::array({std::move(schema), {{"type", "null"}}});
  if (number) forms.push_back({{"type", "string"}});
  return {{"anyOf", std::move(forms)}};
}

Json a1111_request() {
  const Json ours = settings_properties();
  Json properties = Json::object();
  for (const char* key :
       {"prompt", "negative_prompt", "steps", "width", "height", "style", "dial", "method", "invert"})
    properties[key] = ours[key];
  properties.update({{"cfg_scale", ours["guidance_scale"]},
                     {"mask_style", ours["style_mask"]},
                     {"seed", whole("-1: any", -1, 9223372036854775807)},
                     {"sampler_name", text("As /sdapi/v1/samplers names it")},
                     {"scheduler", text("As /sdapi/v1/schedulers names it")},
                     {"batch_size", whole("Pictures, seeds ascending", 1, 64)},
                     {"n_iter", whole("Times batch_size", 1, 64)},
                     {"send_images", {{"type", "boolean"}}}});
  properties["seed"]["maximum"] = std::numeric_limits<std::uint64_t>::max();
  for (Json& property : properties) property = as_a1111_takes(std::move(property));
  return {{"type", "object"}, {"properties", std::move(properties)}};
}

/// A picture from words alone may have a second pass. Without enable_hr its settings are not looked at.
Json txt2img_request() {
  const auto any = [](const char* what) { return Json::object({{"description", what}}); };
  Json schema = a1111_request();
  schema["properties"].update(
      {{"enable_hr", {{"type", {"boolean", "null"}}, {"description", "Draw it a second time, larger"}}},
       {"hr_scale", any("How many times as large, over 1 and up to 4")},
       {"hr_upscaler", any("As /sdapi/v1/latent-upscale-modes or /sdapi/v1/upscalers names it")},
       {"hr_second_pass_steps", any("Steps of the second pass; 0: as many as steps")},
       {"hr_resize_x", any("Width in place of hr_scale; 0: not")},
       {"hr_resize_y", any("Height in place of hr_scale; 0: not")},
       {"denoising_strength", any("How far it is noised for the second pass, 0 to 1")}});
  return schema;
}

Json img2img_request() {
  Json schema = a1111_request();
  Json pictures = array_of(not_empty(text("The one picture to start from, base64")));
  pictures.update({{"minItems", 1}, {"maxItems", 1}});
  schema["properties"]["init_images"] = std::move(pictures);
  schema["properties"]["denoising_strength"] = settings_properties()["strength"];
  schema["required"] = {"init_images"};
  return schema;
}

Json preview_of_a_job() {
  Json preview = {{"type", {"object", "null"}}, {"description", "The latest; null before the first"}};
  preview["properties"] = {{"picture", {{"type", "integer"}}},
                           {"position", {{"type", "number"}}},
                           {"step", {{"type", "integer"}}},
                           {"url", {{"type", "string"}}}};
  return preview;
}

/// What /v1/model says of a method.
Json method_of_a_dial() {
  const auto can = [](const char* what) { return Json{{"type", "boolean"}, {"description", what}}; };
  Json properties = {{"name", text("As \"method\" has it")},
                     {"summary", text("One line")},
                     {"acts_on_part", can("The style may act on a part of the picture")},
                     {"window", can("The style may act on a part of the steps")},
                     {"edits", can("It edits the finished picture")},
                     {"angle", can("It turns the encoding by an angle, perhaps per token")},
                     {"takes_dial", can("It starts from a dial that was fitted, where there is one")},
                     {"peer", can("Somebody else's dial, to compare with")}};
  Json required = Json::array();
  for (const auto& [name, schema] : properties.items()) required.push_back(name);
  return {{"type", "object"}, {"properties", std::move(properties)}, {"required", std::move(required)}};
}

Json model_served() {
  Json model = {{"type", "object"}, {"required", {"name", "methods", "dial_methods", "settings"}}};
  model["properties"] = {{"name", {{"type", "string"}}},
                         {"models", array_of({{"type", "string"}})},
                         {"vaes", array_of({{"type", "string"}})},
                         {"vae", {{"type", {"string", "null"}}}},
                         {"loras", array_of({{"type", "string"}})},
                         {"methods", array_of({{"type", "string"}})},
                         {"dial_methods", array_of(method_of_a_dial())},
                         {"upscalers", array_of({{"type", "string"}})},
                         {"upscales_by", whole("Of an upscaling model how many times; else 0", 0, 16)},
                         {"takes_reference", {{"type", "boolean"}}},
                         {"settings", array_of({{"type", "object"}})}};
  return model;
}

Json name_of_a_model() {
  return {{"type", {"string", "null"}}, {"description", "One of /v1/models; null: the server's main one"}};
}

Json name_of_a_vae() {
  return {{"type", {"string", "null"}}, {"description", "One of /v1/model's vaes; null: the model's own"}};
}

/// The body of our own API's jobs.
Json job_request(Json more) {
  more["model"] = name_of_a_model();
  more["vae"] = name_of_a_vae();
  more["preview_every"] = whole("Steps from one preview to the next; 0 for none", 0, 1000);
  more["images_of"] = {
      {"type", {"string", "null"}},
      {"description",
       "A job of this client: the pictures that it was given are given again, but those that are here"}};
  more["dial_file"] = {{"type", {"object", "null"}},
                       {"description", "A dial to turn in place of the model's own: the dial_file of a fit"}};
  return settings_and(more);
}

/// The body of a fit.
Json fit_request() {
  Json request = settings_properties();
  for (const char* name : kNotCalibrated) request.erase(name);
  request["model"] = name_of_a_model();
  request["vae"] = name_of_a_vae();
  request["style"] = not_empty(request["style"]);
  Json prompts = array_of({{"type", "string"}});
  prompts.update({{"minItems", 1}, {"description", "What the pictures show, without the style"}});
  request["prompts"] = std::move(prompts);
  request["seeds"] = whole("Of each prompt's pictures, from \"seed\" on", 1, kMostFitScenes);
  return {{"type", "object"}, {"properties", std::move(request)}, {"required", {"style"}}};
}

}  // namespace

Json upscaling_request() {
  Json properties = {{"image", not_empty(text("A PNG, JPEG or WebP; base64 or a data URL"))},
                     {"with", not_empty(text("A network of the server's, by its name in /v1/model"))},
                     {"by", {{"type", {"number", "null"}}, {"minimum", 1}, {"maximum", kMostEnlarged}}}};
  properties["by"]["description"] = "Times as wide and high; null: as the network was made to";
  return {{"type", "object"}, {"properties", std::move(properties)}, {"required", {"image", "with"}}};
}

Json extras_request(bool several) {
  const Json picture = not_empty(text("A PNG, JPEG or WebP, base64"));
  Json request = {{"upscaler_1", text("One of /sdapi/v1/upscalers")},
                  {"resize_mode", whole("0: by upscaling_resize; 1: to fill a size", 0, 1)},
                  {"upscaling_resize", {{"type", "number"}, {"minimum", 1}, {"maximum", 8}}},
                  {"upscaling_resize_w", whole("Pixels, of resize_mode 1", 1, 16384)},
                  {"upscaling_resize_h", whole("Pixels, of resize_mode 1", 1, 16384)}};
  if (!several) {
    request["image"] = picture;
    return {{"type", "object"}, {"properties", std::move(request)}, {"required", {"image"}}};
  }
  Json list = array_of({{"type", "object"}, {"properties", {{"data", picture}}}, {"required", {"data"}}});
  list.update({{"minItems", 1}, {"maxItems", 64}});
  request["imageList"] = std::move(list);
  return {{"type", "object"}, {"properties", std::move(request)}, {"required", {"imageList"}}};
}

Json openai_request() {
  Json schema = settings_and({{"model", text("One of /v1/models; OpenAI's own: the main one")},
                              {"size", text("\"WIDTHxHEIGHT\", or \"auto\" for the model's own")},
                              {"n", whole("Pictures, seeds ascending", 1, 10)},
                              {"response_format", {{"enum", {"b64_json", "url"}}}},
                              {"output_format", {{"enum", {"png", "jpeg", "webp"}}}},
                              {"output_compression", whole("Quality of JPEG and WebP", 0, 100)},
                              {"stream", {{"type", "boolean"}}},
                              {"partial_images", whole("Previews in the stream, at most", 0, 3)}});
  return schema;
}

Json schemas() {
  Json job = {{"type", "object"}, {"required", {"id", "state", "pictures", "picture", "frames"}}};
  job["properties"] = {{"id", {{"type", "string"}}},
                       {"model", {{"type", {"string", "null"}}}},
                       {"state", {{"enum", {"queued", "running", "done", "failed", "cancelled"}}}},
                       {"ahead", whole("Jobs that came before it and have not ended", 0, 1031)},
                       {"fits", {{"type", "boolean"}, {"description", "It fits a dial"}}},
                       {"pictures", whole("Pictures in all; of a fit the most that it may take", 1, 1000)},
                       {"picture", whole("Pictures finished", 0, 1000)},
                       {"step", {{"type", "integer"}}},
                       {"steps", {{"type", "integer"}}},
                       {"evaluations", {{"type", "integer"}}},
                       {"all_evaluations", {{"type", "integer"}}},
                       {"progress", {{"type", "number"}, {"minimum", 0}, {"maximum", 1}}},
                       {"seconds", {{"type", "number"}}},
                       {"seconds_left", {{"type", {"number", "null"}}}},
                       {"error", {{"type", {"string", "null"}}}},
                       {"frames", array_of(reference("Frame"))},
                       {"preview", preview_of_a_job()},
                       {"dial_file",
                        {{"type", {"object", "null"}},
                         {"description", "The dial that was fitted, as its file holds it; null before"}}}};
  Json frame = {{"type", "object"},
                {"required", {"index", "position", "url", "settings", "shows", "notices"}}};
  frame["properties"] = {
      {"index", {{"type", "integer"}}},
      {"position", {{"type", "number"}}},
      {"url", {{"type", "string"}}},
      {"settings", {{"type", "object"}}},
      {"shows",
       {{"type", {"number", "null"}},
        {"description", "The position within the dial's range; null: the model shows nothing of the style"}}},
      {"notices", array_of({{"type", "string"}})}};
  Json at = {{"description", "Dial positions, -4 to 4: a list, or \"A:B:N\" for N of them"}};
  at["anyOf"] = {array_of({{"type", "number"}, {"minimum", -4}, {"maximum", 4}}), Json{{"type", "string"}}};
  Json dial = job_request({{"at", std::move(at)}});
  dial["properties"]["style"] = not_empty(dial["properties"]["style"]);
  dial["required"] = {"prompt", "style"};
  Json why = {{"type", "object"}, {"required", {"code", "message", "field"}}};
  why["properties"] = {
      {"code", text("The kind of failure: invalid_input, not_found, queue_full, ...")},
      {"message", text("One line: what is wrong, where, and what would be right")},
      {"field",
       {{"type", {"string", "null"}},
        {"description", "The setting that is wrong, as /v1/model names it; null for none"}}}};
  Json error = {{"type", "object"}, {"required", {"error"}}, {"properties", {{"error", std::move(why)}}}};
  return {{"Error", std::move(error)},      {"Job", std::move(job)},
          {"Frame", std::move(frame)},      {"Settings", job_request(Json::object())},
          {"Dial", std::move(dial)},        {"Fit", fit_request()},
          {"Txt2img", txt2img_request()},   {"Img2img", img2img_request()},
          {"Generation", openai_request()}, {"Model", model_served()}};
}

}  // namespace latentdial::server
