#include "openapi.h"

#include <string>
#include <utility>
#include <vector>

#include "http.h"
#include "json_schema.h"
#include "latentdial/version.h"
#include "openapi_schemas.h"

namespace latentdial::server {
namespace {

/// One method of one path. `failures` are the statuses that it may give besides its own, with bodies of the
/// form `failure_body`.
Json operation(const std::string& summary, int status, Json answer, const std::vector<int>& failures,
               const Json& failure_body = {{"type", "object"}}) {
  Json responses = {
      {std::to_string(status), {{"description", "Done as asked"}, {"content", std::move(answer)}}}};
  for (const int failure : failures) {
    Json body = content("application/json", failure_body);
    responses[std::to_string(failure)] = {{"description", "Refused, or failed; the body says why"},
                                          {"content", std::move(body)}};
  }
  return {{"summary", summary}, {"responses", std::move(responses)}};
}

Json with_body(Json operation, const std::string& type, Json schema) {
  operation["requestBody"] = {{"required", true}, {"content", content(type, std::move(schema))}};
  return operation;
}
Json path_parameter(const std::string& name, const std::string& type) {
  return {{"name", name}, {"in", "path"}, {"required", true}, {"schema", {{"type", type}}}};
}

constexpr const char* kJson = "application/json";

/// An operation of our own API.
Json own_operation(const std::string& summary, int status, Json answer, const std::vector<int>& failures) {
  return operation(summary, status, std::move(answer), failures, reference("Error"));
}

Json own_paths() {
  const Json job = content(kJson, reference("Job"));
  const Json png = content("image/png", {{"type", "string"}, {"format", "binary"}});
  const Json object = content(kJson, {{"type", "object"}});
  const std::vector<int> starting = {400, 401, 403, 404, 413, 429, 500}, looking = {401, 403, 404};
  const Json id = path_parameter("id", "string");
  const auto named = [](const char* name, Json operation) {
    operation["operationId"] = name;
    return operation;
  };
  const auto started = [](Json operation) {
    for (const char* next : {"lookAtJob", "cancelJob", "getFrame", "getPreview", "getStrip"}) {
      Json link = {{"operationId", next}, {"parameters", {{"id", "$response.body#/id"}}}};
      if (next == std::string("getFrame")) link["parameters"]["index"] = "0";
      operation["responses"]["202"]["links"][next] = std::move(link);
    }
    return operation;
  };
  Json paths = Json::object();
  Json asked = Json::array();
  for (const char* name : {"model", "vae"})
    asked.push_back({{"name", name}, {"in", "query"}, {"schema", {{"type", "string"}}}});
  paths["/v1/model"]["get"] = own_operation("What is served, and every setting", 200,
                                            content(kJson, reference("Model")), {400, 401, 403, 404});
  paths["/v1/model"]["get"]["parameters"] = std::move(asked);
  paths["/v1/generate"]["post"] = started(
      with_body(own_operation("One picture, as a job", 202, job, starting), kJson, reference("Settings")));
  paths["/v1/dial"]["post"] = started(with_body(
      own_operation("One picture a dial position, as a job", 202, job, starting), kJson, reference("Dial")));
  paths["/v1/calibrate"]["post"] =
      with_body(own_operation("Fits a dial to a style, as a job", 202, job, {400, 401, 403, 413, 429, 500}),
                kJson, reference("Fit"));
  paths["/v1/upscale"]["post"] = with_body(
      own_operation("A picture enlarged by a network, as a job", 202, job, {400, 401, 403, 413, 429, 500}),
      kJson, upscaling_request());
  paths["/v1/jobs/{id}"] = {
      {"parameters", {id}},
      {"get", named("lookAtJob", own_operation("How far a job is", 200, job, looking))}};
  paths["/v1/jobs/{id}/cancel"] = {
      {"parameters", {id}},
      {"post", named("cancelJob",
                     own_operation("Cancels a job; it and its finished pictures stay", 200, job, looking))}};
  paths["/v1/jobs/{id}/frames/{index}.png"] = {
      {"parameters", {id, path_parameter("index", "integer")}},
      {"get", named("getFrame", own_operation("A finished picture", 200, png, looking))}};
  paths["/v1/jobs/{id}/preview.png"] = {
      {"parameters", {id}},
      {"get", named("getPreview", own_operation("The latest preview of a picture", 200, png, looking))}};
  paths["/v1/jobs/{id}/strip.png"] = {
      {"parameters", {id}},
      {"get", named("getStrip", own_operation("The finished pictures side by side", 200, png, looking))}};
  paths["/v1/png-info"]["post"] =
      with_body(own_operation("The settings in a picture", 200, object, {400, 401, 403, 413}), "image/png",
                {{"type", "string"}, {"format", "binary"}});
  return paths;
}

Json openai_paths() {
  const Json object = content(kJson, {{"type", "object"}});
  const std::vector<int> failures = {400, 401, 403, 404, 409, 413, 429, 500};
  Json edit = openai_request();
  edit["properties"]["image"] = {{"type", "string"}, {"format", "binary"}};
  edit["required"] = {"prompt", "image"};
  Json paths = Json::object();
  paths["/v1/models"]["get"] = operation("The models", 200, object, {401, 403});
  paths["/v1/models/{model}"] = {{"parameters", {path_parameter("model", "string")}},
                                 {"get", operation("A model", 200, object, {401, 403, 404})}};
  paths["/v1/images/generations"]["post"] =
      with_body(operation("Pictures from a prompt", 200, object, failures), kJson, reference("Generation"));
  paths["/v1/images/edits"]["post"] = with_body(operation("Pictures from a picture", 200, object, failures),
                                                "multipart/form-data", std::move(edit));
  paths["/v1/images/variations"]["post"] =
      operation("Not with this model", 200, object, {400, 401, 403, 413});
  return paths;
}

Json a1111_paths() {
  const Json object = content(kJson, {{"type", "object"}}), any = content(kJson, Json::object());
  const std::vector<int> failures = {400, 401, 403, 409, 413, 422, 429, 500};
  Json image = {{"type", "object"},
                {"properties", {{"image", not_empty(text("A PNG, base64"))}}},
                {"required", {"image"}}};
  Json paths = Json::object();
  const auto post = [&](const char* name, const char* summary, Json schema) {
    paths[std::string("/sdapi/v1/") + name]["post"] =
        with_body(operation(summary, 200, any, failures), kJson, std::move(schema));
  };
  post("txt2img", "Pictures from a prompt", reference("Txt2img"));
  post("img2img", "Pictures from a picture", reference("Img2img"));
  post("png-info", "The settings in a picture", std::move(image));
  post("extra-single-image", "A picture enlarged", extras_request(false));
  post("extra-batch-images", "Pictures enlarged", extras_request(true));
  post("options", "The model, its VAE, clip skip, live previews; others can be set to what they are",
       {{"type", "object"}});
  paths["/sdapi/v1/options"]["post"]["requestBody"]["required"] = false;
  for (const char* name : {"interrupt", "skip", "refresh-checkpoints", "refresh-vae", "refresh-loras",
                           "unload-checkpoint", "reload-checkpoint"})
    paths[std::string("/sdapi/v1/") + name]["post"] = operation("As its name says", 200, any, {401, 403});
  for (const char* name : {"progress",       "options",
                           "samplers",       "schedulers",
                           "sd-models",      "sd-vae",
                           "sd-modules",     "embeddings",
                           "loras",          "hypernetworks",
                           "upscalers",      "latent-upscale-modes",
                           "face-restorers", "realesrgan-models",
                           "prompt-styles",  "scripts",
                           "script-info",    "extensions",
                           "cmd-flags",      "memory",
                           "artists",        "artist-categories"})
    paths[std::string("/sdapi/v1/") + name]["get"] = operation("As its name says", 200, any, {401, 403});
  return paths;
}

const Json& all_paths() {
  static const Json paths = [] {
    Json all = own_paths();
    all.update(openai_paths());
    all.update(a1111_paths());
    return all;
  }();
  return paths;
}

}  // namespace

void add_openapi(Router& router) {
  Json document = {{"openapi", "3.1.0"},
                   {"info", {{"title", "latentdial"}, {"version", kVersion}}},
                   {"paths", all_paths()},
                   {"components", {{"schemas", schemas()}}}};
  document["components"]["securitySchemes"] = {{"key", {{"type", "http"}, {"scheme", "bearer"}}}};
  document["security"] = {Json::object(), Json{{"key", Json::array()}}};
  router.get("/openapi.json",
             [document = std::move(document)](const HttpRequest&) { return reply(document); });
}

}  // namespace latentdial::server
