#include "openai_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "base64.h"
#include "latentdial/error.h"
#include "latentdial/json.h"
#include "latentdial/text.h"
#include "multipart.h"

namespace latentdial::server {
namespace {

// As OpenAI has them.
constexpr int kMostPictures = 10;
constexpr int kMostPartialImages = 3;

/// Fields that only say how a picture is made or sent by OpenAI, with the values that say nothing else than
/// we do.
const std::map<std::string_view, std::vector<Json>> kNeutral = {{"background", {"auto", "opaque"}},
                                                                {"moderation", {"auto", "low"}},
                                                                {"mask", {}},
                                                                {"input_fidelity", {"low", "high"}}};

bool is_openais(const std::string& name) {
  return name.starts_with("dall-e-") || name.starts_with("gpt-image-") || name.starts_with("chatgpt-image-");
}

void check_neutral(Json& body) {
  for (const auto& [key, neutral] : kNeutral) {
    const Json value = take(body, std::string(key).c_str(), Json());
    if (!value.is_null() && std::find(neutral.begin(), neutral.end(), value) == neutral.end())
      throw invalid_input(key, fmt::format("{} is not supported{}", quoted(value),
                                           neutral.empty() ? "" : "; use " + neutral.front().dump()));
  }
}

/// "512x512", or "auto" for the model's own.
void read_size(const Json& size, Json& body) {
  if (size == "auto") return;
  const std::string text = size.is_string() ? size.get<std::string>() : "";
  const auto x = text.find('x');
  int width = 0, height = 0;
  if (x == std::string::npos || !read_number(text.substr(0, x), width) ||
      !read_number(text.substr(x + 1), height))
    throw invalid_input("size", fmt::format("{} is not as in \"512x512\"", quoted(size)));
  body["width"] = width;
  body["height"] = height;
}

/// A style without a position would do nothing, and nobody would know.
void check_dial(Json& body) {
  const Json style = body.value("style", Json());
  const bool dialled = body.contains("dial") || body.contains("position");
  if (!dialled && (style == "vivid" || style == "natural")) body.erase("style");  // OpenAI's own words.
  if (body.contains("style") && !dialled)
    throw invalid_input("dial", "say how much of the style is wanted: 0 none, 1 all of it");
}

/// A form has texts only: what is not a text in our settings is read as JSON.
Json read_field(const std::string& name, const std::string& text) {
  static const std::set<std::string_view> texts = {
      "prompt",          "negative_prompt", "style",          "method",      "size",       "model",
      "sampler",         "scheduler",       "user",           "quality",     "background", "output_format",
      "response_format", "moderation",      "input_fidelity", "redraw_words"};
  if (texts.contains(name)) return text;
  return try_parse_json<Json>(text).value_or(Json(text));
}

int read_partial_images(const Json& value, bool stream) {
  const int count = read_whole("partial_images", value, 0, kMostPartialImages);
  if (count > 0 && !stream)
    throw invalid_input("partial_images", "only a stream shows them; set stream to true");
  return count;
}

PictureFormat read_format(Json& body) {
  const Json name = take(body, "output_format", "png");
  PictureFormat format{name.is_string() ? name.get<std::string>() : quoted(name)};
  format.check();
  format.quality = read_whole("output_compression", take(body, "output_compression", 100), 0, 100);
  return format;
}

/// OpenAI's: what is transparent is redrawn.
InputImage read_openai_mask(std::string_view bytes) {
  InputImage transparent = inverse_of(read_mask_picture("mask", bytes, MaskOf::opacity));
  if (std::ranges::all_of(transparent.image().rgb, [](std::uint8_t value) { return value == 0; }))
    throw invalid_input("mask", "nothing in it is transparent, so nothing would be redrawn");
  return transparent;
}

OpenAiRequest read_request(Body given, const ModelList& models, const Upscalers& upscalers) {
  Json& body = given.json;
  OpenAiRequest request;
  request.model = find_openai_model(models, take(body, "model", {}));
  check_neutral(body);
  take(body, "user", {});
  take(body, "quality", {});  // A hint.
  read_size(take(body, "size", "auto"), body);
  const int count = read_whole("n", take(body, "n", 1), 1, kMostPictures);
  request.stream = read_flag("stream", take(body, "stream", false));
  if (request.stream && count != 1) throw invalid_input("n", "a stream carries one picture");
  request.partial_images = read_partial_images(take(body, "partial_images", 0), request.stream);
  const Json format = take(body, "response_format", "b64_json");
  if (format != "b64_json" && format != "url")
    throw invalid_input("response_format", fmt::format("{} is unknown; use b64_json or url", quoted(format)));
  request.as_urls = format == "url";
  request.format = read_format(body);
  if (body.value("seed", Json()).is_null()) body["seed"] = kAnySeed;
  check_dial(body);
  request.asked = in_words_of(openai_name, [&] { return read_settings(std::move(given), {}, upscalers); });
  request.list.assign(static_cast<std::size_t>(count), request.asked.settings);
  for (std::size_t i = 0; i < request.list.size(); ++i) request.list[i].seed += i;
  return request;
}

}  // namespace

std::string openai_name(std::string_view field) {
  if (field == "width" || field == "height") return "size";
  if (field == "lora") return "latentdial serve --lora";
  if (field == "lora_dir") return "latentdial serve --lora-dir";
  return field == "position" ? "dial" : "";
}

ModelPtr find_openai_model(const ModelList& models, const Json& name) {
  const std::string text = name.is_string() ? name.get<std::string>() : name.is_null() ? "" : "?";
  if (const ModelPtr model = models.find(text)) return model;
  if (text.empty() || is_openais(text)) return models.main();
  throw NotFound(
      fmt::format("The model {} does not exist; this server holds {}", quoted(name), models.names()));
}

OpenAiRequest read_generation(Body body, const ModelList& models, const Upscalers& upscalers) {
  return read_request(std::move(body), models, upscalers);
}

OpenAiRequest read_edit(const HttpRequest& request, const ModelList& models, const Upscalers& upscalers) {
  Json body = Json::object();
  std::vector<std::string_view> pictures, masks;
  for (const Part& part : read_form(request)) {
    if (part.name == "image" || part.name == "image[]") {
      if (!part.content.empty()) pictures.push_back(part.content);
    } else if (part.name == "mask") {
      if (!part.content.empty()) masks.push_back(part.content);
    } else {
      check_length(part.name, part.content);
      body[part.name] = read_field(part.name, std::string(part.content));
    }
  }
  if (pictures.empty()) throw invalid_input("image", "one picture is needed, not 0");
  if (pictures.size() > 1)
    throw invalid_input("image", fmt::format("{} pictures are given, but the model looks at words and at one "
                                             "picture; send each by itself",
                                             pictures.size()));
  if (masks.size() > 1) throw invalid_input("mask", fmt::format("one is taken, not {}", masks.size()));
  // Of what is masked nothing is to be left, unless it is told otherwise.
  const bool has_part = !masks.empty() || body.value("redraw_words", Json("")) != "";
  if (has_part && !body.contains("strength")) body["strength"] = 1;
  OpenAiRequest edit = read_request(Body(std::move(body)), models, upscalers);
  edit.asked.images.start = read_picture("image", pictures.front());
  if (!masks.empty()) edit.asked.images.mask = read_openai_mask(masks.front());
  return edit;
}

}  // namespace latentdial::server
