#include "a1111_extras.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "a1111_api.h"
#include "base64.h"
#include "enlarge_request.h"
#include "job_answer.h"
#include "latentdial/error.h"
#include "latentdial/image.h"

namespace latentdial::server {
namespace {

constexpr const char* kNone = "None";
constexpr const char* kLanczos = "Lanczos";
constexpr std::size_t kMostPictures = 64;

std::vector<std::string> names_of(const Context& context) {
  std::vector<std::string> names = {kNone, kLanczos};
  for (const auto& upscaler : context.upscalers) names.push_back(upscaler->name());
  return names;
}

/// Throws invalid_input of a setting that would have an effect which there is not.
void require_neutral(Json& body) {
  for (const char* key : {"gfpgan_visibility", "codeformer_visibility", "extras_upscaler_2_visibility"})
    if (read_number(key, take(body, key, 0), 0, 1) > 0)
      throw invalid_input(key, "must be 0: faces are not restored, and one upscaler is used");
  (void)read_number("codeformer_weight", take(body, "codeformer_weight", 0), 0, 1);
  const Json second = take(body, "upscaler_2", kNone);
  if (second != kNone && second != "")
    throw invalid_input("upscaler_2", fmt::format("{} has no effect; use \"None\"", quoted(second)));
  (void)read_flag("show_extras_results", take(body, "show_extras_results", true));
  (void)read_flag("upscale_first", take(body, "upscale_first", false));
}

/// A request without its pictures; those stay as they are where the upscaler is "None".
struct ExtrasRequest {
  Enlargement enlargement;
  bool enlarges = false;
};

ExtrasRequest read_request(Json& body, const Context& context) {
  require_neutral(body);
  ExtrasRequest request;
  const Json name = take(body, "upscaler_1", kNone);
  const auto names = names_of(context);
  const auto known = std::ranges::find_if(names, [&](const std::string& one) { return name == one; });
  if (known == names.end())
    throw invalid_input("upscaler_1",
                        fmt::format("{} is unknown; use {}", quoted(name), fmt::join(names, ", ")));
  const auto place = static_cast<std::size_t>(known - names.begin());
  request.enlarges = place > 0;
  if (place > 1) request.enlargement.upscaler = context.upscalers[place - 2];
  request.enlargement.by =
      read_number("upscaling_resize", take(body, "upscaling_resize", 2), 1, kMostEnlarged);
  const bool to_size = read_whole("resize_mode", take(body, "resize_mode", 0), 0, 1) == 1;
  const int width =
      read_whole("upscaling_resize_w", take(body, "upscaling_resize_w", 512), 1, kLongestEnlarged);
  const int height =
      read_whole("upscaling_resize_h", take(body, "upscaling_resize_h", 512), 1, kLongestEnlarged);
  const bool cuts = read_flag("upscaling_crop", take(body, "upscaling_crop", true));
  if (to_size && !cuts)
    throw invalid_input("upscaling_crop", "must be true with resize_mode 1: the picture fills that size");
  if (to_size) request.enlargement.fill = {width, height};
  return request;
}

/// `picture` or `pictures`, as A1111 sends them, and how they came to be so large.
Json answer_of(const std::vector<std::string>& pngs, const std::string& text, bool several) {
  Json answer = {{"html_info", text}};
  if (!several) return answer.update({{"image", encode_base64(pngs.front())}}), answer;
  answer["images"] = Json::array();
  for (const std::string& png : pngs) answer["images"].push_back(encode_base64(png));
  return answer;
}

/// Pictures that stay as large as they are.
Json leave(const std::vector<BroughtPicture>& pictures, bool several) {
  std::vector<std::string> pngs;
  for (const auto& [image, parameters] : pictures) {
    const auto bytes = encode_png(image, parameters);
    pngs.emplace_back(bytes.begin(), bytes.end());
  }
  return answer_of(pngs, "", several);
}

HttpResponse send_enlarged(const JobStatus& job, bool several) {
  if (job.frames.size() < job.pictures)
    throw Error(ErrorCode::cancelled, "stopped before the picture was finished");
  std::vector<std::string> pngs;
  for (const auto& frame : job.frames) pngs.push_back(frame->png);
  return reply(answer_of(pngs, job.frames.front()->parameters, several));
}

Answer enlarge(const Context& context, ExtrasRequest request, bool several, const HttpRequest& http) {
  if (!request.enlarges) return reply(leave(request.enlargement.pictures, several));
  check_sizes(request.enlargement);
  return when_ended(context.queue.submit(std::move(request.enlargement), client_of(context, http),
                                         JobQueue::WhenLeft::cancel),
                    [several](const JobStatus& job) { return send_enlarged(job, several); });
}

Answer enlarge_one(const Context& context, HttpRequest& http) {
  Body body = read_body(http);
  ExtrasRequest request = read_request(body.json, context);
  request.enlargement.pictures.push_back(read_brought(body, "image", take(body.json, "image", Json())));
  check_all_taken(body.json);
  return enlarge(context, std::move(request), false, http);
}

Answer enlarge_several(const Context& context, HttpRequest& http) {
  Body body = read_body(http);
  ExtrasRequest request = read_request(body.json, context);
  const Json list = take(body.json, "imageList", Json::array());
  if (!list.is_array() || list.empty() || list.size() > kMostPictures)
    throw invalid_input("imageList", fmt::format("must be a list of 1 to {} pictures", kMostPictures));
  for (const Json& entry : list) {
    if (!entry.is_object() || !entry.contains("data"))
      throw invalid_input("imageList", "each of it must be an object with data, a picture in base64");
    request.enlargement.pictures.push_back(read_brought(body, "imageList", entry["data"]));
  }
  check_all_taken(body.json);
  return enlarge(context, std::move(request), true, http);
}

Json list_upscalers(const Context& context) {
  Json list = Json::array();
  const auto add = [&](const std::string& name, const Json& kind, int scale) {
    list.push_back({{"name", name},
                    {"model_name", kind},
                    {"model_path", nullptr},
                    {"model_url", nullptr},
                    {"scale", scale}});
  };
  add(kNone, nullptr, 4);
  add(kLanczos, nullptr, 4);
  for (const auto& upscaler : context.upscalers) add(upscaler->name(), upscaler->kind(), upscaler->scale());
  return list;
}

}  // namespace

void add_a1111_extras(Router& router, const Context& context) {
  const auto add = [](Handler handler) { return guarded(std::move(handler), a1111_error_body, 422); };
  router.post("/sdapi/v1/extra-single-image",
              add([context](HttpRequest& request) { return enlarge_one(context, request); }));
  router.post("/sdapi/v1/extra-batch-images",
              add([context](HttpRequest& request) { return enlarge_several(context, request); }));
  router.get("/sdapi/v1/upscalers",
             [list = list_upscalers(context)](const HttpRequest&) { return reply(list); });
}

}  // namespace latentdial::server
