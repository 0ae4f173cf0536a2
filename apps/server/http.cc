#include "http.h"

#include <fmt/format.h>

#include <new>
#include <optional>
#include <random>
#include <utility>

#include "base64.h"
#include "latentdial/image.h"
#include "latentdial/json.h"
#include "latentdial/parameters.h"

namespace latentdial::server {
namespace {

constexpr const char* kRetryAfterSeconds = "5";
constexpr double kLargestRandomSeed = 4294967295.0;  // What other programs can hold too.

int status_of(ErrorCode code, int invalid_status) {
  switch (code) {
    case ErrorCode::invalid_input:
      return invalid_status;
    case ErrorCode::cancelled:
      return 409;
    case ErrorCode::io:
      return 507;
    case ErrorCode::internal:
      break;
  }
  return 500;
}

/// The picture that a body has under `key`, taken out of it: what is left there names no file.
std::optional<InputImage> take_image(Json& body, const char* key) {
  const auto found = body.find(key);
  if (found == body.end() || found->is_null() || *found == "") return std::nullopt;
  if (!found->is_string()) throw invalid_input(key, "a picture in base64 is needed");
  const std::string bytes = decode_base64(key, found->get_ref<const std::string&>());
  body.erase(found);
  try {
    return InputImage(
        decode_image({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, "what is given"));
  } catch (const Error& error) {
    throw error.about(key);
  }
}

/// The answer to the exception that is being handled.
HttpResponse failed(ErrorBody body, int invalid_status) {
  Failure failure;
  try {
    throw;
  } catch (const Error& error) {
    failure = {status_of(error.code(), invalid_status), name(error.code()), error.what(), error.field()};
  } catch (const NotFound& error) {
    failure = {404, "not_found", error.what(), ""};
  } catch (const QueueFull& error) {
    failure = {429, "queue_full", error.what(), ""};
  } catch (const std::bad_alloc&) {
    failure = {503, "out_of_memory", "out of memory; try a smaller picture", ""};
  } catch (const std::exception& error) {
    failure = {500, "internal", error.what(), ""};
  }
  HttpResponse response = reply(body(failure), failure.status);
  if (failure.status == 429) response.headers.add("Retry-After", kRetryAfterSeconds);
  return response;
}

}  // namespace

Error in_words(const Error& error, const Naming& naming) {
  const std::string word = naming(error.field());
  return {error.code(), word.empty() ? error.field() : word, with_names(error.message(), naming)};
}

Handler guarded(Handler handler, ErrorBody body, int invalid_status) {
  const auto safe = [=](const auto& work) -> decltype(work()) {
    try {
      return work();
    } catch (...) {
      return failed(body, invalid_status);
    }
  };
  return [=](HttpRequest& request) {
    Answer answer = safe([&] { return handler(request); });
    if (auto* pending = std::get_if<Pending>(&answer))
      pending->answer = [safe, later = std::move(pending->answer)] { return safe(later); };
    return answer;
  };
}

HttpResponse reply(const Json& body, int status) {
  return make_response("application/json", json_line(body), status);
}

Json read_object(HttpRequest& request) {
  if (request.body.empty())
    throw invalid_input("the body is empty; a JSON object is needed, as in {\"prompt\": \"a dog\"}");
  const std::string text = std::exchange(request.body, {});
  try {
    Json body = parse_json<Json>(text);
    if (body.is_object()) return body;
  } catch (const Error& error) {
    throw invalid_input(fmt::format("the body {}", error.message()));
  }
  throw invalid_input("the body is not a JSON object, as in {\"prompt\": \"a dog\"}");
}

std::string origin_of(const Context& context, const HttpRequest& request) {
  const std::string host = request.headers.get("Host");
  if (!context.behind_proxy) return "http://" + host;
  if (!request.headers.has("X-Forwarded-Proto")) return "";
  return (request.headers.last("X-Forwarded-Proto") == "https" ? "https://" : "http://") + host;
}

Request read_settings(Json body) {
  if (body.contains("dial") && body["dial"].is_string())
    throw invalid_input("dial", "a file of this machine cannot be named; \"dial\" is the position, a number");
  if (!body.contains("prompt") && body.value("invert", Json()) != true)
    throw invalid_input("prompt",
                        "no prompt is given; say what the picture shows, as in \"a dog in the meadow\"");
  InputImages images;
  images.start = take_image(body, "image");
  images.end = take_image(body, "to_image");
  images.style_mask = take_image(body, "style_mask");
  if (const auto found = body.find("dial"); found != body.end()) {
    body["position"] = *found;
    body.erase("dial");
  }
  return {settings_from_json(json_line(body)), std::move(images)};
}

std::uint64_t random_seed() {
  std::random_device device;
  return std::uniform_int_distribution<std::uint64_t>(0,
                                                      static_cast<std::uint64_t>(kLargestRandomSeed))(device);
}

}  // namespace latentdial::server
