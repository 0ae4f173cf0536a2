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
#include "latentdial/text.h"

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

std::uint64_t random_seed() {
  std::random_device device;
  return std::uniform_int_distribution<std::uint64_t>(0,
                                                      static_cast<std::uint64_t>(kLargestRandomSeed))(device);
}

/// Takes the picture that a body has under `key` out of it: what is left there names no file.
void take_image(Body& body, const InputFile& input, InputImages& images) {
  const auto found = body.json.find(input.name);
  if (found == body.json.end() || found->is_null() || *found == "") return;
  const std::string bytes = body.take_bytes(input.name, *found);
  body.json.erase(found);
  images.*input.picture = input.is_mask ? read_mask_picture(input.name, bytes, MaskOf::brightness)
                                        : read_picture(input.name, bytes);
}

/// `decode` of a picture's bytes, with its faults about `key`.
template <class Decode>
InputImage decoded(const std::string& key, std::string_view bytes, const Decode& decode) {
  try {
    return InputImage(decode(std::span(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()),
                             "what is given"));
  } catch (const Error& error) {
    throw error.about(key);
  }
}

/// Only pictures are long; any other text would be copied on its way to being refused.
void check_texts(const Body& body) {
  for (const auto& [key, value] : body.json.items()) {
    if (body.is_long(value))
      throw invalid_input(key, fmt::format("at most {} bytes of text are taken", kLongestText));
    if (value.is_string()) check_length(key, value.get_ref<const std::string&>());
  }
}

/// The network that `hires_with` names; null where it is a word of ours.
std::shared_ptr<const Upscaler> find_upscaler(const Settings& settings, const Upscalers& upscalers) {
  const std::string& name = settings.hires_with;
  std::vector<std::string_view> known;
  for (const auto& [ours, theirs] : a1111_enlargers()) known.push_back(ours);
  if (name.empty() || std::ranges::find(known, name) != known.end()) return nullptr;
  for (const auto& upscaler : upscalers) {
    if (upscaler->name() == name) return upscaler;
    known.push_back(upscaler->name());
  }
  throw invalid_input("hires_with",
                      fmt::format("{} is unknown; use {}", quoted(Json(name)), fmt::join(known, ", ")));
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

ModelPtr find_model(const Context& context, const std::string& key, const Json& name) {
  const ModelPtr model = name.is_string() ? context.models.find(name.get_ref<const std::string&>()) : nullptr;
  if (model) return model;
  throw invalid_input(
      key, fmt::format("{} is not a model of this server; it has {}", quoted(name), context.models.names()));
}

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

InputImage read_picture(const std::string& key, std::string_view bytes) {
  return decoded(key, bytes, decode_image);
}

InputImage read_mask_picture(const std::string& key, std::string_view bytes, MaskOf of) {
  return decoded(key, bytes, [of](auto data, const char* name) { return decode_mask(data, name, of); });
}

InputImage inverse_of(const InputImage& mask) {
  Image inverse = mask.image();
  for (std::uint8_t& value : inverse.rgb) value = static_cast<std::uint8_t>(255 - value);
  return InputImage(std::move(inverse), mask.name());
}

void check_length(const std::string& key, std::string_view text) {
  if (text.size() > kLongestText)
    throw invalid_input(
        key, fmt::format("the text has {} bytes; at most {} are taken", text.size(), kLongestText));
}

Body read_body(HttpRequest& request) {
  if (request.body.empty())
    throw invalid_input("the body is empty; a JSON object is needed, as in {\"prompt\": \"a dog\"}");
  return Body::parse(std::exchange(request.body, {}));
}

std::string origin_of(const Context& context, const HttpRequest& request) {
  const std::string host = request.headers.get("Host");
  if (!context.behind_proxy) return "http://" + host;
  if (!request.headers.has("X-Forwarded-Proto")) return "";
  return (request.headers.last("X-Forwarded-Proto") == "https" ? "https://" : "http://") + host;
}

Request read_settings(Body body, InputImages images, const Upscalers& upscalers) {
  Json& json = body.json;
  if (json.contains("dial") && json["dial"].is_string())
    throw invalid_input("dial", "a file of this machine cannot be named; \"dial\" is the position, a number");
  if (!json.contains("prompt") && json.value("invert", Json()) != true)
    throw invalid_input("prompt",
                        "no prompt is given; say what the picture shows, as in \"a dog in the meadow\"");
  for (const InputFile& input : input_pictures()) take_image(body, input, images);
  check_texts(body);
  // As a double, since JSON's own comparison takes 2^64 - 1 for -1.
  if (const Json seed = json.value("seed", Json()); seed.is_number() && seed.get<double>() == kAnySeed)
    json["seed"] = random_seed();
  if (const auto found = json.find("dial"); found != json.end()) {
    json["position"] = *found;
    json.erase("dial");
  }
  Request request = {settings_from_json(json_line(json)), std::move(images)};
  if (!lora_file_named(request.settings).empty())
    throw invalid_input("style",
                        "a file of this machine cannot be named; name a LoRA of the server's, as in "
                        "lora:NAME");
  request.upscaler = find_upscaler(request.settings, upscalers);
  return request;
}

Json take(Json& body, const char* key, Json otherwise) {
  Json value = body.value(key, Json());
  body.erase(key);
  return value.is_null() ? otherwise : value;
}

std::string quoted(const Json& value) {
  constexpr std::size_t kMostQuoted = 60;
  const bool brief = value.is_string() ? value.get_ref<const std::string&>().size() < kMostQuoted
                                       : !value.is_structured() || value.size() < kMostQuoted;
  const std::string text = brief ? single_line(json_line(value)) : "";
  return brief && text.size() <= kMostQuoted ? text : "what is given";
}

bool read_flag(const std::string& key, const Json& value) {
  if (!value.is_boolean())
    throw invalid_input(key, fmt::format("true or false is needed, not {}", quoted(value)));
  return value.get<bool>();
}

int read_whole(const std::string& key, const Json& value, int least, int most) {
  if (!value.is_number_integer() || value.get<double>() < least || value.get<double>() > most)
    throw invalid_input(
        key, fmt::format("a whole number from {} to {} is needed, not {}", least, most, quoted(value)));
  return value.get<int>();
}

}  // namespace latentdial::server
