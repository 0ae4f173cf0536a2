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
#include "listener.h"

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

}  // namespace

Error in_words(const Error& error, const Naming& naming) {
  const std::string word = naming(error.field());
  return {error.code(), word.empty() ? error.field() : word, with_names(error.message(), naming)};
}

Handler guarded(Handler handler, ErrorBody body, int invalid_status) {
  return [=](const httplib::Request& request, httplib::Response& response) {
    Failure failure;
    try {
      handler(request, response);
      return;
    } catch (const Error& error) {
      failure = {status_of(error.code(), invalid_status), name(error.code()), error.what(), error.field()};
    } catch (const NotFound& error) {
      failure = {404, "not_found", error.what(), ""};
    } catch (const QueueFull& error) {
      failure = {429, "queue_full", error.what(), ""};
      response.set_header("Retry-After", kRetryAfterSeconds);
    } catch (const std::bad_alloc&) {
      failure = {503, "out_of_memory", "out of memory; try a smaller picture", ""};
    } catch (const std::exception& error) {
      failure = {500, "internal", error.what(), ""};
    }
    reply(response, body(failure), failure.status);
  };
}

void reply(httplib::Response& response, const Json& body, int status) {
  response.status = status;
  response.set_content(body.dump(-1, ' ', false, Json::error_handler_t::replace), "application/json");
}

Json read_object(const httplib::Request& request) {
  if (request.body.empty()) return Json::object();
  try {
    Json body = parse_json<Json>(request.body);
    if (body.is_object()) return body;
  } catch (const Error& error) {
    throw invalid_input(fmt::format("the body {}", error.message()));
  }
  throw invalid_input("the body is no JSON object, as in {\"prompt\": \"a dog\"}");
}

JobStatus wait_for_client(const JobQueue::Waiter& waiter) {
  const auto status = waiter.wait(Listener::client_is_gone);
  if (!status) throw Error(ErrorCode::cancelled, "the client has gone");
  if (status->error) throw *status->error;
  return *status;
}

Request read_settings(Json body) {
  if (body.contains("dial") && body["dial"].is_string())
    throw invalid_input("dial", "a file of this machine cannot be named; \"dial\" is the position, a number");
  InputImages images;
  images.start = take_image(body, "image");
  images.end = take_image(body, "to_image");
  images.style_mask = take_image(body, "style_mask");
  if (const auto found = body.find("dial"); found != body.end()) {
    body["position"] = *found;
    body.erase("dial");
  }
  return {settings_from_json(body.dump(-1, ' ', false, Json::error_handler_t::replace)), std::move(images)};
}

std::uint64_t random_seed() {
  std::random_device device;
  return std::uniform_int_distribution<std::uint64_t>(0,
                                                      static_cast<std::uint64_t>(kLargestRandomSeed))(device);
}

}  // namespace latentdial::server
